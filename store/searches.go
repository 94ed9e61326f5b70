package store

import (
	"context"
	"fmt"
	"math"

	"auditlog/audit"
	"auditlog/store/format"
)

// Searches returns the rows of saved searches whose keys begin with prefix. Package searches
// knows what they mean.
func (s *Store) Searches(prefix string) (map[string][]byte, error) {
	rows := make(map[string][]byte)
	list, err := s.rows(format.Searches, prefix, "", math.MaxInt)
	for _, r := range list {
		rows[r.Key] = r.Value
	}
	return rows, err
}

// ChangeSearches puts and deletes rows of saved searches together with the entry that tells of
// it, as ChangeTokens does.
func (s *Store) ChangeSearches(ctx context.Context, put map[string][]byte, del []string, entry *audit.Entry) error {
	return s.changeRows(ctx, format.Searches, put, del, entry)
}

// searches deletes the searches that were saved for the project. There are not so many that it
// would take a step of its own.
func (w *purgeWriter) searches() error {
	from := []byte(audit.SearchesFor(w.p.Name))
	to := append(from[:len(from)-1:len(from)-1], from[len(from)-1]+1)
	if _, err := w.tx.Bucket(format.Searches).DeleteRange(from, to, math.MaxInt); err != nil {
		return fmt.Errorf("delete searches: %w", err)
	}
	return nil
}
