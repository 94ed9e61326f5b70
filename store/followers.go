package store

import (
	"context"
	"fmt"

	"auditlog/audit"
	"auditlog/store/commit"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// Cursor returns up to where whoever follows the log under a name has come: the id, or
// the seq of its project, that SaveCursor was given. ok is false when it was never
// called.
func (s *Store) Cursor(name string) (at int64, ok bool, err error) {
	err = s.read(func(tx kv.Tx) error {
		v := tx.Bucket(format.Cursors).Get([]byte(name))
		if ok = v != nil; !ok {
			return nil
		}
		at, err = format.DecodeCursor([]byte(name), v)
		return err
	})
	return at, ok && err == nil, err
}

// Cursors returns the cursors of all followers by name.
func (s *Store) Cursors() (map[string]int64, error) {
	var cursors map[string]int64
	err := s.read(func(tx kv.Tx) error {
		cursors = make(map[string]int64)
		for k, v := range kv.All(tx.Bucket(format.Cursors)) {
			at, err := format.DecodeCursor(k, v)
			if err != nil {
				return err
			}
			cursors[string(k)] = at
		}
		return nil
	})
	return cursors, err
}

// SaveCursor keeps how far a follower has come, and returns once that is on disk. It
// shares its commit with what is recorded meanwhile. It returns Invalid for a name that
// is empty or too long.
func (s *Store) SaveCursor(ctx context.Context, name string, at int64) error {
	if name == "" || len(name) > audit.MaxCursorName {
		return audit.FieldErrorf("cursor", "must have a name of 1 to %d bytes", audit.MaxCursorName)
	}
	return s.changeCursor(ctx, func(cursors kv.Bucket) error {
		return cursors.Put([]byte(name), format.EncodeCursor([]byte(name), at))
	})
}

// DeleteCursor forgets a follower. It is no error when there is none.
func (s *Store) DeleteCursor(ctx context.Context, name string) error {
	return s.changeCursor(ctx, func(cursors kv.Bucket) error { return cursors.Delete([]byte(name)) })
}

func (s *Store) changeCursor(ctx context.Context, change func(kv.Bucket) error) error {
	sub, err := s.prepare(nil)
	if err != nil {
		return err
	}
	sub.item.First = true
	sub.Change = func(w *commit.Writer) error {
		if err := change(w.Tx.Bucket(format.Cursors)); err != nil {
			return fmt.Errorf("save cursor: %w", err)
		}
		return nil
	}
	return s.send(ctx, sub)
}
