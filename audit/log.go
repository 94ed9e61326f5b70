package audit

import (
	"context"
	"time"
)

// Log is all that a log does for the rest of the program: what an engine has to
// implement, and what package storetest examines. Whoever uses a log asks for the
// parts that it needs, in an interface of its own.
//
// Every method may be called by several goroutines at once. One whose log cannot
// do its work now returns an Unavailable Fault. What else a method returns is said
// of it; an error that is no Fault is this program's or its machine's.
type Log interface {
	Recorder
	Reader
	Follower
	CursorStore
	ProjectReader
	ProjectChanger
	Purger
	TokenStore
	SinkStore
	SearchStore
	Health
}

// Recorder records.
type Recorder interface {
	// Record stores entries, all or none, and returns once they are on disk, with
	// what became of each. The entries are the log's from then on: it sets their ID,
	// Seq and times, and the caller, who has set RecordedBy, must not change them.
	//
	// An entry that is refused is named in the path of the Fault, as in
	// "entries[3].outcome". It returns Invalid for an entry that is wrong, TooLarge
	// for one over MaxStored or too many at once, and Conflict for a project that
	// is being deleted.
	Record(ctx context.Context, entries []*Entry) ([]Recorded, error)
}

// Recorded is what became of one entry that was to be recorded.
type Recorded struct {
	// ID is the entry's id, or that of the first entry with its key.
	ID int64
	// Duplicate is set when the same entry was there before: one with its key, and
	// in all that the caller sent like it. Nothing is recorded then.
	Duplicate bool
	// Conflict is set when another entry has its key. Nothing is recorded then either,
	// and what the first one holds is not told: whoever guesses a key learns an id.
	Conflict bool
}

// Reader finds entries.
type Reader interface {
	// Prepare makes a query ready to be read by. It returns Invalid Faults with the
	// path of what is wrong.
	Prepare(q Query) (Selection, error)
	// Extent returns the times of the oldest and the newest entry of the projects that a
	// query looks into, whatever else it asks; ok is false where there is none.
	Extent(q Query) (first, last time.Time, ok bool)
	// Get returns one entry of a project, or a NotFound Fault. The entry must not
	// be changed.
	Get(ctx context.Context, project string, id int64) (*Entry, error)
}

// Follower reads in commit order.
type Follower interface {
	// LastID returns the id of the newest entry, 0 when there is none.
	LastID() int64
	// LastSeq returns the newest seq of a project, 0 when there is none: whether its entry is
	// still there or not.
	LastSeq(project string) int64
	// Wait returns nil once there is an entry with an id above after, or the
	// context's error before that.
	Wait(ctx context.Context, after int64) error
	// After returns entries of all projects with an id above id, in the order of ids,
	// at most limit of them, and fewer where they are large. through is the id up to which the caller
	// then knows everything: what was purged, or is being, is left out, but for what a purge leaves.
	// They must not be changed.
	After(ctx context.Context, id int64, limit int) (entries []*Entry, through int64, err error)
	// AfterSeq returns entries of a project with a seq above seq, in the order of seqs,
	// at most limit of them, and fewer where they are large: none says that there are no
	// more. What is not among them was purged, or is being. They must not be changed.
	AfterSeq(ctx context.Context, project string, seq int64, limit int) ([]*Entry, error)
	// Since is AfterSeq for who knows an id of the log, and no seq: it returns entries of
	// a project with an id above after.
	Since(ctx context.Context, project string, after int64, limit int) ([]*Entry, error)
}

// CursorStore keeps how far those have come who follow the log, by name: an id, or a seq of
// a project.
type CursorStore interface {
	// Cursor returns what was saved last; ok is false when nothing was.
	Cursor(name string) (at int64, ok bool, err error)
	// Cursors returns all by name.
	Cursors() (map[string]int64, error)
	// SaveCursor returns once a cursor is on disk. It returns Invalid for a name that is
	// empty or has more than MaxCursorName bytes.
	SaveCursor(ctx context.Context, name string, at int64) error
	// DeleteCursor forgets one. It is no error when there is none.
	DeleteCursor(ctx context.Context, name string) error
}

// MaxCursorName is how many bytes the name of a cursor has at most.
const MaxCursorName = 200

// ProjectReader knows the projects.
type ProjectReader interface {
	// Projects returns every project by name.
	Projects() []Project
	// Project returns one project, or a NotFound Fault.
	Project(name string) (Project, error)
}

// ProjectChanger makes projects, and deletes them, for a time after which they are
// purged. Each change is committed together with the entry that tells of it, and with
// the copy of that entry that Lasting says: all of it or nothing.
type ProjectChanger interface {
	// Create makes a project, or has one that was purged begin anew. It returns
	// Conflict for one that is there.
	Create(ctx context.Context, name string, entry *Entry) (Project, error)
	// Delete closes a project to recording and sets the time of its purge, or has the
	// order wait to be approved. It returns NotFound for a project that is not there
	// or purged already, Conflict for one that is deleted already, being purged or held.
	Delete(ctx context.Context, name string, entry *Entry, order DeletionOrder) (Project, error)
	// Approve lets a pending order take effect, the one whose entry has the id. It
	// returns NotFound for a project that is not there, Conflict where that order is
	// not pending or the project is held.
	Approve(ctx context.Context, name string, entry *Entry, order int64, grace time.Duration) (Project, error)
	// Restore takes a deletion back, or an order for one. It returns NotFound for a
	// project that is not there, Conflict for one that is not deleted or whose purge
	// has begun.
	Restore(ctx context.Context, name string, entry *Entry) (Project, error)
	// Hold keeps a project from being deleted, and from being purged if it is deleted
	// already, until ReleaseHold. It returns NotFound for a project that is not there or
	// purged already, Conflict for one that is held or being purged.
	Hold(ctx context.Context, name string, entry *Entry, reason string) (Project, error)
	// ReleaseHold ends a hold. A purge whose time has come begins at once. It returns
	// NotFound for a project that is not there, Conflict for one that is not held.
	ReleaseHold(ctx context.Context, name string, entry *Entry) (Project, error)
}

// Purger removes what deleted projects hold.
type Purger interface {
	// Purges returns the name of every deleted project that is not held, with how long it
	// is until its purge begins: not above zero where that is due. It is counted in time
	// that has passed while the log was open, whatever a clock says.
	Purges() map[string]time.Duration
	// Pass keeps how much time has passed. What passes behind the last call is forgotten
	// when the log stops, and graces are so much longer.
	Pass() error
	// PurgeStep removes a bounded part of a deleted project, whatever its grace
	// period, and reports whether nothing is left to remove. A purge survives a crash
	// at any of its steps. It leaves the project.delete entry as it was recorded and,
	// as its end, a project.purge entry that says what is gone; what earlier purges
	// left stays. It returns Conflict for a project that is not deleted or is held.
	PurgeStep(ctx context.Context, project string) (done bool, err error)
}

// TokenStore keeps the records of tokens, and what the log says about itself. What
// the records mean is package auth's.
type TokenStore interface {
	// Tokens returns every record by its id.
	Tokens() (map[string][]byte, error)
	// ChangeTokens writes records, deletes others and records an entry as RecordOwn
	// does, unless it is nil: all of it or nothing.
	ChangeTokens(ctx context.Context, put map[string][]byte, del []string, entry *Entry) error
	// RecordOwn records an entry of the log itself, such as a call that it refused:
	// in the entry's project when that is there and active, else in SystemProject,
	// so that it never makes, fills or revives a project by being refused.
	RecordOwn(ctx context.Context, entry *Entry) error
}

// SinkStore keeps the rows of sinks, to which the log ships entries. What the rows mean is
// package shipping's.
type SinkStore interface {
	// SinkRows returns rows whose keys begin with prefix and come behind after, in the order
	// of their keys, at most limit of them.
	SinkRows(prefix, after string, limit int) ([]SinkRow, error)
	// ChangeSinks does with these rows what ChangeTokens does with records of tokens.
	ChangeSinks(ctx context.Context, put map[string][]byte, del []string, entry *Entry) error
}

// SearchStore keeps the searches that people have saved, as rows. What they mean is package
// searches's, but for what their keys begin with: the SearchesFor of a project go with its purge.
type SearchStore interface {
	// Searches returns the rows whose keys begin with prefix.
	Searches(prefix string) (map[string][]byte, error)
	// ChangeSearches does with these rows what ChangeTokens does with records of tokens.
	ChangeSearches(ctx context.Context, put map[string][]byte, del []string, entry *Entry) error
}

// SearchesFor returns what the keys of the searches begin with that are saved for a project.
func SearchesFor(project string) string { return "for/" + project + "/" }

// SinkRow is a row of a SinkStore.
type SinkRow struct {
	Key   string
	Value []byte
}

// Health tells how a log is.
type Health interface {
	// Err returns why the log can no longer be written, or nil. Only opening it
	// again helps.
	Err() error
	// Paused returns why the log takes nothing although it could, until somebody decides
	// how to go on, or nil: it has lost entries that were acknowledged.
	Paused() error
	// Unconfirmed returns why the log answers nothing for now, or nil: it lies in a database that several
	// nodes share, and that no longer confirms what this one writes.
	Unconfirmed() error
	// Damaged returns, in words, what is known to be damaged or lost: it keeps answers from
	// being whole, or a project's entries from being moved to where they belong.
	Damaged() []string
	// Size returns how many bytes the log takes on disk, and how many of them are
	// free for reuse.
	Size() (total, free int64, err error)
}

// IndexStatus tells how the full-text index follows the log.
type IndexStatus struct {
	// Behind counts the changes of the log that are not in the index yet.
	Behind int64
	// Resting says that it waits with them until the log is not being loaded any more.
	Resting bool
	// Unread counts the blocks of the log that are damaged, so that they are not in it.
	Unread int
	// Err is why the index cannot follow; answers are exact even so, but slow.
	Err error
}
