package store

import (
	"encoding/binary"
	"fmt"

	"auditlog/fulltext"
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
func (s *Store) BlockChanges(after uint64, limit int) (changes []fulltext.BlockChange, through uint64, err error) {
	err = s.read(func(tx kv.Tx) error {
		changes, through, err = blockChanges(tx, after, limit)
		return err
	})
	return changes, through, err
}

func blockChanges(tx kv.Tx, after uint64, limit int) (changes []fulltext.BlockChange, through uint64, err error) {
	c := tx.Bucket(bucketChanges).Cursor()
	for k, v := c.Seek(u64(after + 1)); k != nil; k, v = c.Next() {
		if len(changes) == limit {
			return changes, changes[limit-1].Seq, nil
		}
		change, err := parseChange(k, v)
		if err != nil {
			return nil, 0, err
		}
		changes = append(changes, change)
	}
	return changes, max(after, getU64(tx.Bucket(bucketMeta).Get(metaBlockSeq))), nil
}

func parseChange(k, v []byte) (fulltext.BlockChange, error) {
	if len(k) != 8 || len(v) != fulltext.BlockKeySize+1 {
		return fulltext.BlockChange{}, fmt.Errorf("change %x: %w", k, errCorrupt)
	}
	key, err := fulltext.ParseBlockKey(v[:fulltext.BlockKeySize])
	return fulltext.BlockChange{Seq: binary.BigEndian.Uint64(k), Key: key, Deleted: v[fulltext.BlockKeySize] != 0}, err
}

func putChange(tx kv.Tx, c fulltext.BlockChange) error {
	v := c.Key.Append(make([]byte, 0, fulltext.BlockKeySize+1))
	if c.Deleted {
		v = append(v, 1)
	} else {
		v = append(v, 0)
	}
	return tx.Bucket(bucketChanges).Put(u64(c.Seq), v)
}

// BlockTexts calls fn with the values of a block's entries that full-text search looks
// into for words, and whole with those that it finds whole, each at least once. ok is false when the block is gone.
func (s *Store) BlockTexts(key BlockKey, fn, whole func(value string)) (ok bool, err error) {
	err = s.read(func(tx kv.Tx) error {
		v := tx.Bucket(bucketBlocks).Get(key.Append(nil))
		if v == nil {
			return nil
		}
		ok = true
		b, err := s.parseBlock(key, v) // whose texts readers have no use for
		if err != nil {
			return err
		}
		return b.EachText(fn, whole)
	})
	return ok, err
}
