package store

import (
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
)

// Entries that blocks keep count against the cache, wherever they were found.
func TestCacheStaysInBounds(t *testing.T) {
	const limit = 256 << 10
	s := open(t, t.TempDir(), Options{CacheBytes: limit})
	entries := audittest.New(1, time.Minute).Entries(6000)
	for _, e := range entries {
		e.Project = "acme"
	}
	if _, err := s.Record(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		l := Listing{Query: audit.Query{Project: "acme"}, Limit: 200}
		for {
			page, err := s.List(t.Context(), l)
			if err != nil {
				t.Fatal(err)
			}
			if l.Cursor = page.Next; l.Cursor == "" {
				break
			}
		}
		if used := s.cache.used; used > limit+limit/2 && s.cache.order.Len() > 1 {
			t.Errorf("%d blocks take %d bytes of %d", s.cache.order.Len(), used, limit)
		}
	}
}
