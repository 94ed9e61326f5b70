package store

import (
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/store/blocks"
	"auditlog/store/format"
)

// Of the many blocks of one busy second, Get opens the one that has the entry.
func TestGetOpensOneBlock(t *testing.T) {
	dir := t.TempDir()
	z := blocks.Sizes{BlockRows: 4, IndexableRows: 2, IndexableBytes: 1 << 20, Span: 4, Ahead: 1}
	s := open(t, dir, Options{SealAfter: time.Hour, sizes: z})
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	var batch []*audit.Entry
	for i := range 400 {
		e := entry("acme", i)
		e.CreatedAt = at
		batch = append(batch, e)
	}
	if _, err := s.Record(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	s.blocks.Release()
	for _, id := range []int64{1, 77, 400} {
		if e, err := s.Get(t.Context(), "acme", id); err != nil || e.ID != id {
			t.Fatalf("got %v, %v", e, err)
		}
	}
	if n, _ := s.blocks.Held(); n != 3 {
		t.Errorf("3 entries took %d blocks", n)
	}
}

// What reads from a closed store is told so.
func TestReadAfterClose(t *testing.T) {
	s := open(t, t.TempDir(), Options{SealAfter: time.Hour})
	if _, err := s.Record(t.Context(), []*audit.Entry{entry("acme", 1)}); err != nil {
		t.Fatal(err)
	}
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, get := s.Get(t.Context(), "acme", 1)
	_, since := s.Since(t.Context(), "acme", 0, 1)
	_, tokens := s.Tokens()
	_, _, changes := s.BlockChanges(0, 1)
	_, texts := s.BlockTexts(format.BlockKey{}, func(string) {}, func(string) {})
	for i, err := range []error{get, since, tokens, changes, texts} {
		if audit.KindOf(err) != audit.Unavailable {
			t.Errorf("read %d: %v", i, err)
		}
	}
}
