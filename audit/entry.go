package audit

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// SystemProject is the reserved project that holds this log's own entries that
// concern no other project. Only the log itself records to it.
const SystemProject = "_auditlog"

// What RecordedBy says where no token recorded an entry. No token has such an id.
const (
	// RecordedByLog is of the log's own entries.
	RecordedByLog = "auditlog"
	// RecordedByDev is of what is recorded under --dev, where no tokens are needed.
	RecordedByDev = "dev"
)

// Entry is one recorded call. It is never changed and never deleted singly.
//
// Times are UTC with microsecond precision; finer parts are cut off.
type Entry struct {
	// ID is given by the log: from 1, dense, in commit order.
	ID int64 `json:"id"`
	// Seq is the entry's place within its project, given by the log: from 1, dense, in
	// commit order, and never given twice, also not after a purge. Whoever has a
	// project's entries sees by it whether one is missing.
	Seq int64 `json:"seq"`
	// Project is the tenant that the entry belongs to.
	Project  string   `json:"project"`
	Actor    Actor    `json:"actor"`
	Action   string   `json:"action"`
	Resource Resource `json:"resource"`
	Outcome  Outcome  `json:"outcome"`
	Detail   string   `json:"detail"`
	Channel  Channel  `json:"channel,omitempty"`
	Request  Request  `json:"request,omitzero"`
	Changes  []Change `json:"changes,omitempty"`
	// Metadata holds whatever else the caller wants to keep.
	Metadata map[string]string `json:"metadata,omitempty"`
	// Key makes a retry safe: a second entry of the same project with the same
	// key is not recorded again.
	Key string `json:"key,omitempty"`
	// CreatedAt is when the call happened. Zero on input means: when committed.
	CreatedAt time.Time `json:"createdAt"`
	// RecordedAt is when the log committed the entry.
	RecordedAt time.Time `json:"recordedAt"`
	// RecordedBy is the id of the token that recorded the entry, or one of RecordedByLog
	// and RecordedByDev. The log alone sets it.
	RecordedBy string `json:"recordedBy"`
}

// ListedResources is the name in the metadata of a call to several resources under which
// their ids stand, with spaces between them. Each of them finds the entry.
const ListedResources = "resources"

// ListsResource reports whether id is one of those in list, the text of ListedResources.
func ListsResource(list, id string) bool {
	for listed := range strings.FieldsSeq(list) {
		if listed == id {
			return true
		}
	}
	return false
}

// Actor is the principal who made the call.
type Actor struct {
	Email string    `json:"email"`
	Type  ActorType `json:"type"`
	// Label tells apart what acts in the principal's name, such as an agent's session.
	Label string `json:"label,omitempty"`
}

// Resource is what the call was made to.
type Resource struct {
	Type       string `json:"type"`
	ID         string `json:"id"`
	Name       string `json:"name"`
	LocationID string `json:"locationId"`
}

// Request is what is known of the call's transport.
type Request struct {
	IP        string `json:"ip,omitempty"`
	UserAgent string `json:"userAgent,omitempty"`
	ID        string `json:"id,omitempty"`
}

// Change is one field that the call changed.
type Change struct {
	Field string `json:"field"`
	Old   string `json:"old"`
	New   string `json:"new"`
}

// ActorType tells a person from a program.
type ActorType string

const (
	User           ActorType = "User"
	ServiceAccount ActorType = "ServiceAccount"
)

// ActorTypes lists every type of actor.
func ActorTypes() []ActorType { return []ActorType{User, ServiceAccount} }

// Outcome is how the call ended.
type Outcome string

const (
	Success   Outcome = "success"
	Forbidden Outcome = "forbidden"
	Error     Outcome = "error"
)

// Failure stands in a query for forbidden and error together.
const Failure = "failure"

// Outcomes lists every outcome in the order in which they are shown.
func Outcomes() []Outcome { return []Outcome{Success, Forbidden, Error} }

// Channel is the surface that the call came through.
type Channel string

const (
	ChannelAPI     Channel = "api"
	ChannelConsole Channel = "console"
	ChannelCLI     Channel = "cli"
	ChannelMCP     Channel = "mcp"
)

// Channels lists every channel.
func Channels() []Channel {
	return []Channel{ChannelAPI, ChannelConsole, ChannelCLI, ChannelMCP}
}

// Truncate cuts t to what the log keeps: UTC, microseconds.
func Truncate(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// Position is a place in a project's listing, whose order is by (CreatedAt, ID).
type Position struct {
	// At is CreatedAt in microseconds since the Unix epoch.
	At int64
	ID int64
}

// Position returns where e stands in its project's listing.
func (e *Entry) Position() Position {
	return Position{At: e.CreatedAt.UnixMicro(), ID: e.ID}
}

// Compare orders positions: oldest first.
func (p Position) Compare(q Position) int {
	switch {
	case p.At < q.At, p.At == q.At && p.ID < q.ID:
		return -1
	case p == q:
		return 0
	}
	return 1
}

// EachText calls fn with every value of e that full-text search looks into for words, in
// no particular order, empty values left out. A phrase matches within one value.
//
// It goes without the table of Fields, which takes three times as long; a test compares
// the two.
func (e *Entry) EachText(fn func(string)) {
	emit := func(values ...string) {
		for _, v := range values {
			if v != "" {
				fn(v)
			}
		}
	}
	emit(e.Detail, e.Action, e.Actor.Email, e.Actor.Label)
	emit(e.Resource.Type, e.Resource.ID, e.Resource.Name, e.Resource.LocationID)
	emit(e.Request.IP, e.Request.UserAgent)
	for i := range e.Changes {
		emit(e.Changes[i].Field, e.Changes[i].Old, e.Changes[i].New)
	}
	for k, v := range e.Metadata {
		emit(k, v)
	}
}

// EachWhole calls fn with every value of e that full-text search finds whole, empty
// values left out.
func (e *Entry) EachWhole(fn func(string)) {
	for _, v := range [...]string{e.Request.ID, e.Key} {
		if v != "" {
			fn(v)
		}
	}
}

// AddMetadata adds to e's metadata, and replaces those of the same names.
func (e *Entry) AddMetadata(more map[string]string) {
	if e.Metadata == nil {
		e.Metadata = make(map[string]string, len(more))
	}
	maps.Copy(e.Metadata, more)
}

// Clone returns a copy of e that shares nothing that can be changed.
func (e *Entry) Clone() *Entry {
	c := *e
	c.Changes = slices.Clone(e.Changes)
	if e.Metadata != nil {
		c.Metadata = make(map[string]string, len(e.Metadata))
		for k, v := range e.Metadata {
			c.Metadata[k] = v
		}
	}
	return &c
}
