package store

import (
	"reflect"
	"testing"

	"auditlog/audit"
	"auditlog/audit/audittest"
)

// A store that gave its memory back answers as before, also while others read it.
func TestRelease(t *testing.T) {
	s, _ := sealedBlocks(t, Options{})
	list := func() []*audit.Entry {
		page, err := audittest.List(t.Context(), s, audit.Query{Project: "acme", Is: audit.Terms{"outcome": {string(audit.Forbidden)}}}, audit.Paging{Limit: 200})
		if err != nil {
			t.Fatal(err)
		}
		return page.Entries
	}
	want := list()
	if len(want) == 0 {
		t.Fatal("nothing was forbidden")
	}
	if _, bytes := s.blocks.Held(); bytes == 0 {
		t.Error("a listing left nothing in the cache")
	}
	reading := make(chan error, 1)
	go func() {
		for range 100 {
			if _, err := audittest.List(t.Context(), s, audit.Query{Project: "acme"}, audit.Paging{Limit: 200}); err != nil {
				reading <- err
				return
			}
		}
		reading <- nil
	}()
	for range 10 {
		if err := s.Release(); err != nil {
			t.Error(err)
		}
		if got := list(); !reflect.DeepEqual(got, want) {
			t.Errorf("%d entries after the release, %d before", len(got), len(want))
		}
	}
	if err := <-reading; err != nil {
		t.Error(err)
	}
	if err := s.Release(); err != nil {
		t.Error(err)
	}
	if n, bytes := s.blocks.Held(); n != 0 || bytes != 0 {
		t.Errorf("the cache holds %d bytes, %d blocks", bytes, n)
	}
}
