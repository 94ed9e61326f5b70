package peer

import (
	"context"

	"auditlog/audit"
)

// Log is a log under test, in a folder of its own. Its methods are for one
// goroutine; connections of it may be used at the same time, each by one.
type Log interface {
	// Name is what the tables call it.
	Name() string
	// Start starts it, in an empty folder or one that it was stopped in, and
	// returns once it answers.
	Start(ctx context.Context) error
	// Stop ends it in order. A log that is not running is stopped already.
	Stop() error
	// Kill ends it as a crash does, or returns errors.ErrUnsupported.
	Kill() error
	// Connect returns a connection of a further client.
	Connect(ctx context.Context) (Conn, error)
	// Settle has it do what it put off, so that reading finds it as it would be
	// found later.
	Settle(ctx context.Context) error
	// Purge removes a project as fast as writers bear it.
	Purge(ctx context.Context, project string) error
	// Disk returns the bytes that the entries take with everything that is derived
	// from them.
	Disk(ctx context.Context) (int64, error)
	// Pack has it rewrite its files as tightly as it can.
	Pack(ctx context.Context) error
	// Processes returns the processes that do its work.
	Processes() []int
	// Folder returns where its data is.
	Folder() string
}

// Conn is one client of a Log.
type Conn interface {
	// Bulk records entries, all or none, and returns once they are on disk.
	Bulk(ctx context.Context, entries []audit.Entry) error
	// Insert records one entry and returns once it is on disk.
	Insert(ctx context.Context, entry *audit.Entry) error
	// List returns the newest limit entries that q selects. Text is one word in
	// lower case. The entries are the caller's until the next call.
	List(ctx context.Context, q audit.Query, limit int) ([]audit.Entry, error)
	// Count counts what q selects, which has no text: see Counts.
	Count(ctx context.Context, q audit.Query) (Counts, error)
	Close() error
}
