package store

import (
	"context"
	"fmt"

	"auditlog/audit"
	"auditlog/store/commit"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/memory"
)

// Tokens returns every token's record by its name. Package auth knows what the
// names and records mean.
func (s *Store) Tokens() (map[string][]byte, error) {
	var tokens map[string][]byte
	err := s.read(func(tx kv.Tx) error {
		tokens = memory.ReadTokens(tx)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read tokens: %w", err)
	}
	return tokens, nil
}

// ChangeTokens puts and deletes tokens' records together with the entry that
// tells of it: all or nothing. The entry goes where RecordOwn would put it; a nil
// one is for what is no event, such as a token's last use.
func (s *Store) ChangeTokens(ctx context.Context, put map[string][]byte, del []string, entry *audit.Entry) error {
	return s.changeRows(ctx, format.Tokens, put, del, entry)
}

// Shared reports whether other nodes have the log as well.
func (s *Store) Shared() bool { return s.db.Shared() }

// FollowTokens calls changed with every token's record and the revision of all: at once, and
// whenever other nodes have changed some, before this one answers anything that rests on what
// they have committed since. changed must not call the store.
func (s *Store) FollowTokens(changed func(revision uint64, records map[string][]byte)) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	err := s.read(func(tx kv.Tx) error {
		changed(format.ReadUint64(tx.Bucket(format.Meta).Get(format.MetaTokens)), memory.ReadTokens(tx))
		return nil
	})
	if err != nil {
		return fmt.Errorf("read tokens: %w", err)
	}
	s.tokens = changed
	return nil
}

// ChangeTokensAt is ChangeTokens if their revision is still this one; the next is then one more. Else
// it returns audit.ErrOvertaken.
func (s *Store) ChangeTokensAt(ctx context.Context, revision uint64, put map[string][]byte, del []string, entry *audit.Entry) error {
	sub, err := s.prepareRows(format.Tokens, put, del, entry)
	if err != nil {
		return err
	}
	write := sub.Change
	sub.Change = func(w *commit.Writer) error {
		if err := w.CountTokens(revision); err != nil {
			return err
		}
		return write(w)
	}
	return s.send(ctx, sub)
}

// changeRows puts and deletes rows of a bucket together with the entry that tells of it, if
// there is one.
func (s *Store) changeRows(ctx context.Context, bucket string, put map[string][]byte, del []string, entry *audit.Entry) error {
	sub, err := s.prepareRows(bucket, put, del, entry)
	if err != nil {
		return err
	}
	return s.send(ctx, sub)
}

func (s *Store) prepareRows(bucket string, put map[string][]byte, del []string, entry *audit.Entry) (*submission, error) {
	var entries []*audit.Entry
	if entry != nil {
		entry.Key, entry.RecordedBy = "", audit.RecordedByLog
		entries = append(entries, entry)
	}
	sub, err := s.prepare(entries)
	if err != nil {
		return nil, err
	}
	sub.Own, sub.Lasting, sub.item.First = true, true, true
	sub.Change = func(w *commit.Writer) error {
		b := w.Tx.Bucket(bucket)
		for k, v := range put {
			if err := b.Put([]byte(k), v); err != nil {
				return fmt.Errorf("put into %s: %w", bucket, err)
			}
		}
		for _, k := range del {
			if err := b.Delete([]byte(k)); err != nil {
				return fmt.Errorf("delete from %s: %w", bucket, err)
			}
		}
		return nil
	}
	return sub, nil
}
