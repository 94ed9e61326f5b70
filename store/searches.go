package store

import (
	"context"
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
