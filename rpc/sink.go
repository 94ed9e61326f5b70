package rpc

import "time"

// SinkFilters select what a sink ships, as the fields of Query do.
type SinkFilters struct {
	Terms
	Not Terms  `json:"not,omitzero"`
	Q   string `json:"q,omitempty"`
}

// SinkFrom says where a sink begins; one of its fields. None is behind what is recorded already.
type SinkFrom struct {
	// First is the oldest entry that there is.
	First bool `json:"first,omitempty"`
	// Seq, of the sink's project, and ID are those of the first entry that is shipped.
	Seq int64 `json:"seq,omitempty"`
	ID  int64 `json:"id,omitempty"`
	// Time is that at which the first of them was recorded, or later.
	Time time.Time `json:"time,omitzero"`
	// Refused are the entries that the destination refused for good, and nothing else.
	Refused bool `json:"refused,omitempty"`
}

// SinkCreateRequest asks for a new sink. The answer is the Sink.
type SinkCreateRequest struct {
	// Name is how it is called from then on: small letters, digits and -_.
	Name string `json:"name"`
	// Project is the one whose entries are shipped; those of all when empty, the log's own
	// included.
	Project string      `json:"project,omitempty"`
	Filters SinkFilters `json:"filters,omitzero"`
	// To is the address of the destination, whose scheme tells its kind.
	To string `json:"to"`
	// Format is one of the kind's; its first when empty.
	Format string `json:"format,omitempty"`
	// Settings and Secrets are those of the kind. Secrets are never told again.
	Settings map[string]string `json:"settings,omitempty"`
	Secrets  map[string]string `json:"secrets,omitempty"`
	// Batch is how many entries are delivered at once at most, WaitSeconds for how long
	// entries are collected for that; 1000 and 1 when 0.
	Batch       int     `json:"batch,omitempty"`
	WaitSeconds float64 `json:"waitSeconds,omitempty"`
	// SilenceSeconds is after how long without an entry to ship the destination is told so;
	// never when 0.
	SilenceSeconds float64  `json:"silenceSeconds,omitempty"`
	From           SinkFrom `json:"from,omitzero"`
}

// SinkUpdateRequest changes what it has of a sink, and leaves the rest. The answer is the Sink.
type SinkUpdateRequest struct {
	Name    string       `json:"name"`
	Filters *SinkFilters `json:"filters,omitempty"` // in place of those before
	To      *string      `json:"to,omitempty"`
	Format  *string      `json:"format,omitempty"`
	// Settings and Secrets are changed one by one: an empty value takes one away.
	Settings       map[string]string `json:"settings,omitempty"`
	Secrets        map[string]string `json:"secrets,omitempty"`
	Batch          *int              `json:"batch,omitempty"`
	WaitSeconds    *float64          `json:"waitSeconds,omitempty"`
	SilenceSeconds *float64          `json:"silenceSeconds,omitempty"`
}

// SinkRequest names the sink that sink.pause, sink.resume and sink.delete are about. Each
// answers with the Sink as it is then, or was.
type SinkRequest struct {
	Name string `json:"name"`
}

// SinkGetRequest asks for a sink, and for entries that its destination refused for good: up to
// Letters of them, with ids above LettersAfter.
type SinkGetRequest struct {
	Name         string `json:"name"`
	Letters      int    `json:"letters,omitempty"`
	LettersAfter int64  `json:"lettersAfter,omitempty"`
}

// MaxLetters is how many entries that were refused sink.get gives at once.
const MaxLetters = 1000

// SinkGetResult is a sink with what was asked for of the entries that were refused.
type SinkGetResult struct {
	Sink
	Refusals []SinkLetter `json:"letters,omitempty"`
}

// SinkLetter is an entry that a destination refused for good.
type SinkLetter struct {
	ID     int64     `json:"id"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// SinkReplayRequest has a sink begin again. The answer is the Sink.
type SinkReplayRequest struct {
	Name string   `json:"name"`
	From SinkFrom `json:"from"`
}

// SinkTestResult tells what became of a test.
type SinkTestResult struct {
	// EntryID is the id of the entry that was recorded and sent.
	EntryID   int64  `json:"entryId"`
	Delivered bool   `json:"delivered"`
	Error     string `json:"error,omitempty"`
}

// SinkListRequest asks for every sink.
type SinkListRequest struct{}

// SinkListResult lists sinks by name.
type SinkListResult struct {
	Items []Sink `json:"items"`
}

// Sink is what the log tells of a sink.
type Sink struct {
	Name    string      `json:"name"`
	Project string      `json:"project,omitempty"`
	Filters SinkFilters `json:"filters,omitzero"`
	// To is without what could be a secret in it.
	To       string            `json:"to"`
	Format   string            `json:"format,omitempty"`
	Settings map[string]string `json:"settings,omitempty"`
	// Secrets are the names of those that are set.
	Secrets        []string `json:"secrets,omitempty"`
	Batch          int      `json:"batch"`
	WaitSeconds    float64  `json:"waitSeconds"`
	SilenceSeconds float64  `json:"silenceSeconds,omitempty"`
	// Configured says that the server's configuration has it, which alone changes it.
	Configured bool      `json:"configured,omitempty"`
	CreatedAt  time.Time `json:"createdAt,omitzero"`
	CreatedBy  string    `json:"createdBy,omitempty"`

	// State is active, failing, paused, stopped or broken, Reason why it is not active, or why
	// nothing comes.
	State  string `json:"state"`
	Reason string `json:"reason,omitempty"`
	// At is up to where all is done: a seq of the project, or an id where there is none;
	// Behind how many entries there are above, LagSeconds how old the first of them is.
	At         int64   `json:"at"`
	Behind     int64   `json:"behind"`
	LagSeconds float64 `json:"lagSeconds"`
	// Delivered, Refused, Purged and Retries are counted since the sink was made: entries that
	// were taken, that were refused, that a purge took away before, and deliveries that failed.
	Delivered int64 `json:"delivered"`
	Refused   int64 `json:"refused"`
	Purged    int64 `json:"purged"`
	Retries   int64 `json:"retries"`
	// Letters counts the entries that are refused still, which sink.replay sends again.
	Letters     int64     `json:"refusedNow"`
	Resending   bool      `json:"resending,omitempty"`
	DeliveredAt time.Time `json:"deliveredAt,omitzero"`
	LastError   string    `json:"lastError,omitempty"`
	LastErrorAt time.Time `json:"lastErrorAt,omitzero"`
	// FailingSince and NextTry are of a failing one.
	FailingSince time.Time `json:"failingSince,omitzero"`
	NextTry      time.Time `json:"nextTry,omitzero"`
	// Silent says that the destination was told that nothing comes.
	Silent bool `json:"silent,omitempty"`
	// LastHour counts what was delivered in each of the last 60 minutes, since the start of
	// the server.
	LastHour []int64 `json:"lastHour,omitempty"`
}
