package store

import (
	"bytes"
	"context"
	"fmt"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// Tokens returns every token's record by its name. Package auth knows what the
// names and records mean.
func (s *Store) Tokens() (map[string][]byte, error) {
	var tokens map[string][]byte
	err := s.read(func(tx kv.Tx) error {
		tokens = make(map[string][]byte)
		for k, v := range kv.All(tx.Bucket(format.Tokens)) {
			tokens[string(k)] = bytes.Clone(v)
		}
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

// changeRows puts and deletes rows of a bucket together with the entry that tells of it, if
// there is one.
func (s *Store) changeRows(ctx context.Context, bucket string, put map[string][]byte, del []string, entry *audit.Entry) error {
	var entries []*audit.Entry
	if entry != nil {
		entry.Key, entry.RecordedBy = "", audit.RecordedByLog
		entries = append(entries, entry)
	}
	sub, err := s.prepare(entries)
	if err != nil {
		return err
	}
	sub.own, sub.lasting, sub.item.First = true, true, true
	sub.change = func(w *commitWriter) error {
		b := w.tx.Bucket(bucket)
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
	return s.send(ctx, sub)
}
