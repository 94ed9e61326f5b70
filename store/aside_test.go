package store

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// A project whose last block is damaged is set aside by the seal that would change it: the
// others are recorded to, sealed and listed, and so is what it has itself.
func TestSetAside(t *testing.T) {
	dir := t.TempDir()
	var mu sync.Mutex
	var told []string
	opts := Options{SealRows: 64, SealAfter: time.Hour, Report: func(err error) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, err.Error())
	}}
	s := open(t, dir, opts)
	record := func(names ...string) {
		t.Helper()
		var entries []*audit.Entry
		for i := range 50 {
			for _, name := range names {
				entries = append(entries, entry(name, i))
			}
		}
		if _, err := s.Record(t.Context(), entries); err != nil {
			t.Fatal(err)
		}
		if err := s.Seal(); err != nil {
			t.Fatal(err)
		}
	}
	record("acme", "globex")
	id := s.mem.Projects["acme"].ID
	err := s.db.Update(func(tx kv.Tx) error {
		b := tx.Bucket(format.Blocks)
		k, v := b.Cursor().Seek(format.ProjectPrefix(id))
		v = bytes.Clone(v)
		v[len(v)/2] ^= 4
		return b.Put(bytes.Clone(k), v)
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		record("acme", "globex", "initech")
	}
	look := func() {
		t.Helper()
		for name, want := range map[string]int{"acme": 250, "globex": 300, "initech": 250} {
			page, err := audittest.List(t.Context(), s, audit.Query{Project: name}, audit.Paging{Limit: 1000})
			gaps := 0
			if name == "acme" {
				gaps = 1
			}
			if err != nil || len(page.Entries) != want || len(page.Gaps) != gaps {
				t.Errorf("%s: %d entries, gaps %v, %v", name, len(page.Entries), page.Gaps, err)
			}
		}
		damaged := s.Damaged()
		if len(damaged) != 1 || !strings.Contains(damaged[0], `project "acme"`) || !strings.Contains(damaged[0], s.Path()) {
			t.Errorf("damaged is %q", damaged)
		}
	}
	look()
	if s.sealer.Wait() < time.Minute || s.Unsealed() != 250 {
		t.Errorf("the sealer waits %v, with %d entries in the tail", s.sealer.Wait(), s.Unsealed())
	}
	mu.Lock()
	if len(told) != 1 || !strings.Contains(told[0], "set aside") {
		t.Errorf("reported is %q", told)
	}
	mu.Unlock()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(dir, opts); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	look()
}
