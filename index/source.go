package index

import (
	"context"

	"auditlog/fulltext"
)

// Marks are of a log that may lose what was read from it, as where its database fails over.
type Marks interface {
	// Mark names a state of the log that is as new as any that was read, or newer.
	Mark() string
	// Holds reports whether the log still holds all that the state of a mark held.
	Holds(mark string) (bool, error)
}

// Source is the log as the index follows it.
type Source interface {
	// BlockChanges returns the changes behind a sequence, oldest first, at most
	// limit: of each block its newest one. through is the sequence up to which the
	// caller then knows everything.
	BlockChanges(after uint64, limit int) (changes []fulltext.BlockChange, through uint64, err error)
	// BlockTexts calls fn with every value of a block that full text looks into for words,
	// and whole with every one that it or a filter finds whole, each at least once, as the block is
	// now. ok is false when it is gone. An error that has fulltext.ErrDamaged in its chain is about
	// this block alone.
	BlockTexts(key fulltext.BlockKey, fn, whole func(value string)) (ok bool, err error)
	// BlockSeq returns the sequence of the newest change.
	BlockSeq() uint64
	// WaitBlocks returns once there is a change behind a sequence.
	WaitBlocks(ctx context.Context, after uint64) error
}
