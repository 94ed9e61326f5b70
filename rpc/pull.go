package rpc

import (
	"bytes"
	"encoding/json"

	"auditlog/audit"
)

// Filters are the filters of pull and follow: those of Query but for the times, since these
// methods begin at what was recorded then, whatever times it claims.
type Filters struct {
	Project string `json:"project,omitempty"`
	Terms
	// Not selects what has none of its values.
	Not Terms `json:"not,omitzero"`
	// Q is the full-text query.
	Q string `json:"q,omitempty"`
}

// Query returns the query that f stands for, as Query.Query does.
func (f *Filters) Query() audit.Query {
	return audit.Query{Project: f.Project, Is: f.Terms.terms(), Not: f.Not.terms(), Text: f.Q}
}

// FiltersOf returns those of q, which has no times, as they are sent.
func FiltersOf(q audit.Query) Filters {
	return Filters{Project: q.Project, Terms: termsOf(q.Is), Not: termsOf(q.Not), Q: q.Text}
}

// PullRequest asks for what comes next in commit order.
type PullRequest struct {
	Filters
	// Cursor is the NextCursor of the answer before, for the same project and filters, of a
	// token that may read the same projects. From does not matter with one.
	Cursor string `json:"cursor,omitempty"`
	// From is where to begin without a cursor; empty means the beginning of the log.
	From Start `json:"from,omitempty"`
	// Limit is audit.DefaultLimit when 0, and at most audit.MaxLimit.
	Limit int `json:"limit,omitempty"`
	// WaitSeconds is how long to wait for an entry while there is none, 60 at most.
	WaitSeconds int `json:"waitSeconds,omitempty"`
	// Proof has the answer prove each entry. It is for a project that is named.
	Proof bool `json:"proof,omitempty"`
}

// Start is where a pull begins: the number of the first entry that is wanted, a seq of the
// project or else an id; a time, for all that was recorded at it and since; or "now", for what
// is to come. In JSON it may be a number.
type Start string

// UnmarshalJSON reads a string, a number or null. Its error does not know the field's path.
func (s *Start) UnmarshalJSON(b []byte) error {
	if b = bytes.TrimSpace(b); len(b) > 0 && (b[0] == '-' || '0' <= b[0] && b[0] <= '9') {
		*s = Start(b)
		return nil
	}
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return audit.Errorf(audit.Invalid, "must be a number, or a time as a string")
	}
	*s = Start(text)
	return nil
}

// PullResult is a part of the log in commit order: see audit.Part.
type PullResult struct {
	Items []*audit.Entry `json:"items"`
	// NextCursor continues behind Covered. It is always there.
	NextCursor string `json:"nextCursor"`
	// Covered are the seqs of the project, or ids where there is none, that this answer tells
	// of. It follows the one before, and is empty where To is less than From.
	Covered audit.Range `json:"covered"`
	// Skipped are those of Covered that the filters leave out, or that are of projects which
	// the token may not read; Purged those of which a purge has left nothing.
	Skipped []audit.Range `json:"skipped,omitempty"`
	Purged  []audit.Range `json:"purged,omitempty"`
	// Damaged are those that cannot be read because the log is damaged, and may be pulled once it
	// is repaired; Lost those that nobody had any more when it was.
	Damaged []audit.Range `json:"damaged,omitempty"`
	Lost    []audit.Range `json:"lost,omitempty"`
	// Proofs are those of Items, in their order, where they were asked for: null for an entry of
	// before a purge, which its certificate proves.
	Proofs []*EntryProof `json:"proofs,omitempty"`
	// Newest is the greatest number that there is: what lies between is still to be pulled.
	Newest int64 `json:"newest"`
}

// FollowRequest asks for what comes next in commit order as server-sent events, for as long as
// somebody listens. The header Last-Event-ID, where there is one, counts as Cursor.
type FollowRequest struct {
	Filters
	Cursor string `json:"cursor,omitempty"`
	// From is where to begin without a cursor; empty means "now".
	From Start `json:"from,omitempty"`
}

// HeaderCovered and HeaderNewest have what of a PullResult an answer of NDJSON lacks: the first
// and the last number of Covered with a hyphen between them, and Newest.
const (
	HeaderCovered = "X-Auditlog-Covered"
	HeaderNewest  = "X-Auditlog-Newest"
)

// TypeEvents is the content type of what auditLog.follow answers.
const TypeEvents = "text/event-stream"

// The events of auditLog.follow. The id of each is the cursor behind it.
const (
	EventEntry   = "entry"   // with an audit.Entry
	EventSkipped = "skipped" // with an audit.Range, as are the next
	EventPurged  = "purged"
	EventDamaged = "damaged"
	EventLost    = "lost"
	EventEnd     = "end" // with the Error why there will be no more
)
