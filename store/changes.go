package store

import (
	"auditlog/store/format"

	"auditlog/store/kv"
)

// BlockSeq returns the sequence of the newest change of a block.
func (s *Store) BlockSeq() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.blockSeq
}

// BlockChanges returns the changes behind a sequence, oldest first, at most
// limit: of each indexable block its newest one. through is the sequence up to
// which the caller then knows everything.
func (s *Store) BlockChanges(after uint64, limit int) (changes []format.BlockChange, through uint64, err error) {
	err = s.read(func(tx kv.Tx) error {
		changes, through, err = blockChanges(tx, after, limit)
		return err
	})
	return changes, through, err
}

func blockChanges(tx kv.Tx, after uint64, limit int) (changes []format.BlockChange, through uint64, err error) {
	c := tx.Bucket(format.Changes).Cursor()
	for k, v := c.Seek(format.Uint64(after + 1)); k != nil; k, v = c.Next() {
		if len(changes) == limit {
			return changes, changes[limit-1].Seq, nil
		}
		change, err := format.ParseChange(k, v)
		if err != nil {
			return nil, 0, err
		}
		changes = append(changes, change)
	}
	return changes, max(after, format.ReadUint64(tx.Bucket(format.Meta).Get(format.MetaBlockSeq))), nil
}

// BlockTexts calls fn with the values that full-text search looks into of a
// block's entries, each at least once. ok is false when the block is gone.
func (s *Store) BlockTexts(key format.BlockKey, fn func(value string)) (ok bool, err error) {
	err = s.read(func(tx kv.Tx) error {
		v := tx.Bucket(format.Blocks).Get(key.Append(nil))
		if v == nil {
			return nil
		}
		ok = true
		b, err := s.parseBlock(key, v) // whose texts readers have no use for
		if err != nil {
			return err
		}
		return b.EachText(fn)
	})
	return ok, err
}
