package rpc

import (
	"time"

	"auditlog/audit"
)

// RecordRequest asks to record entries, all or none of them. A body that is one
// entry itself, and a stream of them as NDJSON, are taken as well.
type RecordRequest struct {
	Entries []audit.Entry `json:"entries"`
}

// RecordResult says what became of the entries of a call.
type RecordResult struct {
	// Recorded counts the entries that are new in the log.
	Recorded int64 `json:"recorded"`
	// Duplicates counts those that their project had already: with their key, and like
	// them in all that was sent.
	Duplicates int64 `json:"duplicates"`
	// Conflicts counts those that were not recorded because another entry has their key.
	Conflicts int64 `json:"conflicts,omitempty"`
	// Skipped counts those of read-only calls.
	Skipped int64 `json:"skipped"`
	// FirstID and LastID bound the ids of the new entries; 0 when there are none.
	FirstID int64 `json:"firstId,omitempty"`
	LastID  int64 `json:"lastId,omitempty"`
	// Entries says it of each entry in the order in which they were sent. An
	// NDJSON stream, which may be of any length, is answered without.
	Entries []Recorded `json:"entries,omitempty"`
	// ConflictLines names the conflicts of an NDJSON stream, the first MaxConflictLines of
	// them.
	ConflictLines []ConflictLine `json:"conflictLines,omitempty"`
}

// MaxConflictLines is how many conflicts the answer to a stream names at most.
const MaxConflictLines = 1000

// ConflictLine is a line of a stream whose entry was not recorded, and the id of the entry
// that has its key.
type ConflictLine struct {
	Line int   `json:"line"`
	ID   int64 `json:"id"`
}

// Add adds what became of the entries that were sent next.
func (r *RecordResult) Add(next RecordResult) {
	r.Recorded += next.Recorded
	r.Duplicates += next.Duplicates
	r.Conflicts += next.Conflicts
	r.Skipped += next.Skipped
	if r.FirstID == 0 {
		r.FirstID = next.FirstID
	}
	if next.LastID != 0 {
		r.LastID = next.LastID
	}
	r.Entries = append(r.Entries, next.Entries...)
	room := MaxConflictLines - len(r.ConflictLines)
	r.ConflictLines = append(r.ConflictLines, next.ConflictLines[:min(room, len(next.ConflictLines))]...)
}

// Recorded says what became of one entry.
type Recorded struct {
	// ID is the entry's, or that of the one that had its key before. 0 when skipped.
	ID int64 `json:"id,omitempty"`
	// Duplicate: the entry was there before.
	Duplicate bool `json:"duplicate,omitempty"`
	// Conflict: another entry has its key, and it was not recorded.
	Conflict bool `json:"conflict,omitempty"`
	Skipped  bool `json:"skipped,omitempty"`
}

// ListRequest asks for one page.
type ListRequest struct {
	Query
	// Limit is audit.DefaultLimit when 0, and at most audit.MaxLimit.
	Limit int `json:"limit,omitempty"`
	// Cursor is the NextCursor of the page before, for the same filters and order. The times
	// are those of the first page, whatever From and To say.
	Cursor string `json:"cursor,omitempty"`
}

// ListResult is one page.
type ListResult struct {
	Items []*audit.Entry `json:"items"`
	// NextCursor is empty on the last page, which nothing else tells: a page of large entries
	// has fewer than were asked for.
	NextCursor string `json:"nextCursor,omitempty"`
	// Gaps say what is missing from the part of the listing that the page is of. One may be
	// told by several pages.
	Gaps []audit.Gap `json:"gaps,omitempty"`
}

// GetRequest asks for one entry. The answer's result is the entry itself.
type GetRequest struct {
	Project string `json:"project"`
	ID      int64  `json:"id"`
	// Proof has the answer be a ProvedEntry.
	Proof bool `json:"proof,omitempty"`
}

// StatsRequest asks for counts.
type StatsRequest struct {
	Query
	// Buckets is the greatest number of parts of time to count in; the log
	// chooses their width. 0 means DefaultBuckets.
	Buckets int `json:"buckets,omitempty"`
	// Interval is the width of the parts, one of Intervals, in the place of
	// Buckets. Empty leaves it to the log.
	Interval string `json:"interval,omitempty"`
	// Top is how many values of each field are asked for, up to audit.MaxTop. 0 means
	// audit.DefaultTop.
	Top int `json:"top,omitempty"`
}

// DefaultBuckets is the number of parts of time unless StatsRequest asks for another,
// which may be up to audit.MaxBuckets.
const DefaultBuckets = 60

// Intervals returns the widths that counts may be asked for in, shortest first.
// Weeks begin on Monday.
func Intervals() []string { return []string{"hour", "day", "week", "month"} }

// StatsResult counts what the filters select.
type StatsResult struct {
	Total    int64  `json:"total"`
	Outcomes Counts `json:"outcomes"`
	// Interval says how wide the buckets are: "hour", "15 minutes".
	Interval string `json:"interval"`
	// Buckets begin at round times of the zone, oldest first. The first and the last
	// are cut where the asked range begins and ends.
	Buckets []Bucket  `json:"buckets"`
	Types   TopValues `json:"resourceTypes"`
	Actions TopValues `json:"actions"`
	Actors  TopValues `json:"actors"`
	// Gaps say what is not counted.
	Gaps []audit.Gap `json:"gaps,omitempty"`
}

// TopValues counts the values of a field.
type TopValues struct {
	// Top are the most frequent ones, the most frequent first. Their counts are exact.
	Top []ValueCount `json:"top"`
	// Others counts the values that are not in Top, OtherEntries the entries that have
	// them.
	Others       int64 `json:"others"`
	OtherEntries int64 `json:"otherEntries"`
	// Estimated says that there are so many values that Others is an estimate, and Top may
	// miss some that are hardly more frequent than others.
	Estimated bool `json:"estimated,omitempty"`
}

// Counts holds the number of entries by outcome.
type Counts struct {
	Success   int64 `json:"success"`
	Forbidden int64 `json:"forbidden"`
	Error     int64 `json:"error"`
}

// Bucket counts what happened in a part of time, From inclusive, To exclusive.
type Bucket struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	Counts
}

// ValueCount is a value that occurs, and in how many entries.
type ValueCount struct {
	Value string `json:"value"`
	Count int64  `json:"count"`
}

// Formats of auditLog.export.
const (
	FormatNDJSON = "ndjson"
	FormatCSV    = "csv"
)

// ExportRequest asks for everything that the filters select, as a stream.
type ExportRequest struct {
	Query
	// Format is FormatNDJSON when empty.
	Format string `json:"format,omitempty"`
}
