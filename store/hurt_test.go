package store

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// A damaged row of the tail, and a damaged record of a project, leave a log that is read, says of
// each answer what may be missing, and takes nothing.
func TestHurt(t *testing.T) {
	for name, tt := range map[string]struct {
		bucket string
		key    []byte
		gap    string
		left   int
	}{
		"a row of the tail":     {format.Tail, format.Uint64(101), "100 entries of unknown projects cannot be read, ids 101 to 200", 200},
		"the last of the tail":  {format.Tail, format.Uint64(201), "entries of unknown projects may be missing", 200},
		"a record of a project": {format.Projects, []byte("globex"), "entries of unknown projects may be missing", 300},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir, Options{SealAfter: time.Hour, SealRows: 1 << 20})
			for range 3 {
				var entries []*audit.Entry
				for i := range 100 {
					entries = append(entries, entry("acme", i))
				}
				if _, err := s.Record(t.Context(), entries); err != nil {
					t.Fatal(err)
				}
			}
			if name == "a record of a project" {
				if _, err := s.Record(t.Context(), []*audit.Entry{entry("globex", 1)}); err != nil {
					t.Fatal(err)
				}
			}
			err := s.db.Update(func(tx kv.Tx) error {
				b := tx.Bucket(tt.bucket)
				v := bytes.Clone(b.Get(tt.key))
				v[len(v)/2] ^= 4
				if tt.bucket == format.Projects {
					v = []byte("{")
				}
				return b.Put(tt.key, v)
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.db.Close(); err != nil {
				t.Fatal(err)
			}
			if s, err = Open(dir, Options{SealAfter: time.Hour}); err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			page, err := audittest.List(t.Context(), s, audit.Query{Project: "acme"}, audit.Paging{Limit: 1000})
			if err != nil || len(page.Entries) != tt.left || len(page.Gaps) == 0 || !strings.Contains(page.Gaps[0].String(), tt.gap) {
				t.Errorf("%d entries, %v, %v", len(page.Entries), page.Gaps, err)
			}
			if _, err := s.Record(t.Context(), []*audit.Entry{entry("acme", 1)}); audit.KindOf(err) != audit.Unavailable {
				t.Errorf("recorded: %v", err)
			}
			if err := s.Paused(); err == nil || !strings.Contains(err.Error(), "auditlog repair") || len(s.Damaged()) == 0 {
				t.Errorf("paused: %v, damaged: %q", err, s.Damaged())
			}
			if _, err := s.Project("globex"); audit.KindOf(err) != audit.Unavailable {
				t.Errorf("a project that may be there: %v", err)
			}
			if tt.bucket == format.Tail {
				if _, err := s.AfterSeq(t.Context(), "acme", 0, 1000); err == nil {
					t.Error("by seq nothing seems to be missing")
				}
			}
		})
	}
}

// Where the record of a project is damaged whose entries are all in blocks, these are told of as
// damaged to whoever reads all in commit order, not as purged.
func TestHurtProjectIsNotPurged(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{SealAfter: time.Hour})
	for i := range 10 {
		if _, err := s.Record(t.Context(), []*audit.Entry{entry("acme", i), entry("globex", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	err := s.db.Update(func(tx kv.Tx) error { return tx.Bucket(format.Projects).Put([]byte("globex"), []byte("{")) })
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, Options{SealAfter: time.Hour})
	if entries, through, err := s.After(t.Context(), 0, 1000); !errors.Is(err, format.ErrCorrupt) {
		t.Errorf("%d entries up to %d, %v", len(entries), through, err)
	}
	q, err := s.Prepare(audit.Query{Within: audit.AllProjects()})
	if err != nil {
		t.Fatal(err)
	}
	part, err := q.Pull(t.Context(), audit.Pulling{Limit: 1000})
	damaged := 0
	for _, r := range part.Damaged {
		damaged += int(r.Len())
	}
	if err != nil || len(part.Entries) != 10 || damaged != 10 || len(part.Purged) != 0 {
		t.Errorf("%d entries, damaged %v, purged %v, %v", len(part.Entries), part.Damaged, part.Purged, err)
	}
}
