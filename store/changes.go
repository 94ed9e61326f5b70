package store

import (
	"fmt"

	"auditlog/fulltext"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// BlockSeq returns the sequence of the newest change of a block.
func (s *Store) BlockSeq() uint64 {
	s.mem.Mu.RLock()
	defer s.mem.Mu.RUnlock()
	return s.mem.BlockSeq
}

// BlockChanges returns the changes behind a sequence, oldest first, at most
// limit: of each indexable block its newest one. through is the sequence up to
// which the caller then knows everything.
func (s *Store) BlockChanges(after uint64, limit int) (changes []format.BlockChange, through uint64, err error) {
	err = s.read(func(tx kv.Tx) error {
		changes, through, err = blocks.Changes(tx, after, limit)
		return err
	})
	return changes, through, err
}

// BlockTexts calls fn with the values of a block's entries that full-text search looks
// into for words, and whole with those that it or a filter finds whole, each at least once. ok is
// false when the block is gone.
func (s *Store) BlockTexts(key format.BlockKey, fn, whole func(value string)) (ok bool, err error) {
	err = s.read(func(tx kv.Tx) error {
		v := tx.Bucket(format.Blocks).Get(key.Append(nil))
		if v == nil {
			return nil
		}
		ok = true
		b, err := s.blocks.Parse(key, v) // whose texts readers have no use for
		if err != nil {
			return err
		}
		return b.EachText(fn, whole)
	})
	if blocks.IsDamage(err) {
		err = fmt.Errorf("%w: %w", fulltext.ErrDamaged, s.located(err))
	}
	return ok, err
}
