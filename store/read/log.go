package read

import (
	"context"
	"sync/atomic"

	"auditlog/fulltext"
	"auditlog/store/blocks"
	"auditlog/store/kv"
	"auditlog/store/memory"
)

// Options are what a Log reads from.
type Options struct {
	Memory *memory.State
	Blocks *blocks.Reader
	// View runs fn in a read transaction.
	View func(fn func(kv.Tx) error) error
	// Current does so once take has been called with State.Mu held for reading, and expected has
	// said what fn will read: see package store. Each may be called again.
	Current func(take func(), expected func() []kv.Expected, fn func(kv.Tx) error) error
	// Fresh brings the memory to what was committed before the call.
	Fresh func() error
	// Confirm returns once the entries up to an id are durable.
	Confirm func(ctx context.Context, id int64) error
	// Settle returns once the memory knows of what any transaction can have seen, or why it
	// does not.
	Settle func() error
	// Epoch is of the cursors that are given out.
	Epoch *atomic.Uint32

	// Search parses a full-text query. Nil refuses queries that have one.
	Search func(text string) (fulltext.Query, error)
	// Narrow returns what the full-text index knows of ids and addresses that filters ask
	// for. Nil looks into all blocks for them.
	Narrow func(fulltext.Exact) fulltext.Narrowing
}

// A Log answers what is asked of one. Its methods may be called by several goroutines at once.
type Log struct {
	opts   Options
	mem    *memory.State
	blocks *blocks.Reader
	read   func(fn func(kv.Tx) error) error
	epoch  *atomic.Uint32
}

// New returns a Log.
func New(o Options) *Log {
	return &Log{opts: o, mem: o.Memory, blocks: o.Blocks, read: o.View, epoch: o.Epoch}
}

// LastID returns the id of the newest entry, 0 when there is none, and the last one that is known
// while the database cannot be read.
func (s *Log) LastID() int64 {
	_ = s.opts.Fresh()
	s.mem.Mu.RLock()
	defer s.mem.Mu.RUnlock()
	return s.mem.Tail.Next() - 1
}
