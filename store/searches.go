package store

import (
	"bytes"
	"context"
	"fmt"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// Searches returns the rows of saved searches whose keys begin with prefix. Package searches
// knows what they mean.
func (s *Store) Searches(prefix string) (map[string][]byte, error) {
	rows := make(map[string][]byte)
	err := s.read(func(tx kv.Tx) error {
		for k, v := range kv.From(tx.Bucket(format.Searches), []byte(prefix)) {
			if !bytes.HasPrefix(k, []byte(prefix)) {
				break
			}
			rows[string(k)] = bytes.Clone(v)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read searches: %w", err)
	}
	return rows, nil
}

// ChangeSearches puts and deletes rows of saved searches together with the entry that tells of
// it, as ChangeTokens does.
func (s *Store) ChangeSearches(ctx context.Context, put map[string][]byte, del []string, entry *audit.Entry) error {
	return s.changeRows(ctx, format.Searches, put, del, entry)
}

// searches deletes the searches that were saved for the project. There are not so many that it
// would take a step of its own.
func (w *purgeWriter) searches() error {
	prefix := []byte(audit.SearchesFor(w.p.Name))
	var keys [][]byte
	for k := range kv.From(w.tx.Bucket(format.Searches), prefix) {
		if !bytes.HasPrefix(k, prefix) {
			break
		}
		keys = append(keys, bytes.Clone(k))
	}
	for _, k := range keys {
		if err := w.tx.Bucket(format.Searches).Delete(k); err != nil {
			return fmt.Errorf("delete searches: %w", err)
		}
	}
	return nil
}
