package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
)

// recordN records entries of acme, each in a commit of its own.
func recordN(t *testing.T, s *Store, n int) {
	t.Helper()
	for i := range n {
		if _, err := s.Record(t.Context(), []*audit.Entry{entry("acme", i)}); err != nil {
			t.Fatal(err)
		}
	}
}

// A log that is older than it was is read and not written, until that is accepted: then a new
// epoch begins, with an entry that says what is gone.
func TestRollback(t *testing.T) {
	opts := Options{SealAfter: time.Hour}
	ways := map[string]func(t *testing.T, dir string, s *Store){
		"an older copy is put back": func(t *testing.T, dir string, s *Store) {
			db := filepath.Join(dir, FileName)
			old, err := os.ReadFile(db)
			if err != nil {
				t.Fatal(err)
			}
			recordN(t, s, 5)
			if err := s.SaveCursor(t.Context(), "siem", 15); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(db, old, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"the newest meta page is damaged": func(t *testing.T, dir string, s *Store) {
			killed := readFolder(t, dir)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			b := killed[FileName]
			meta := 0
			if b[16+48+campaignPage] > b[16+48] {
				meta = campaignPage
			}
			b[meta+16+48] ^= 1
			for name, b := range killed {
				if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		},
	}
	for name, lose := range ways {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir, opts)
			recordN(t, s, 10)
			lose(t, dir, s)
			for range 2 { // a start alone accepts nothing
				s = open(t, dir, opts)
				if err := s.Paused(); err == nil || !strings.Contains(err.Error(), "gone back") {
					t.Fatalf("paused: %v", err)
				}
				if _, err := s.Record(t.Context(), []*audit.Entry{entry("acme", 99)}); audit.KindOf(err) != audit.Unavailable {
					t.Fatalf("recorded: %v", err)
				}
				if _, err := audittest.List(t.Context(), s, audit.Query{Project: "acme"}, audit.Paging{}); err != nil {
					t.Fatal(err)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
			accept := opts
			accept.AcceptLoss = true
			before := s.Lineage()
			s = open(t, dir, accept)
			if s.Paused() != nil || s.Lineage() == before {
				t.Errorf("accepted: %v, lineage %s", s.Paused(), s.Lineage())
			}
			e, err := s.Get(t.Context(), audit.SystemProject, s.LastID())
			if err != nil || e.Action != "log.rollback" || e.Metadata["epoch"] != "1" {
				t.Fatalf("%+v, %v", e, err)
			}
			if at, _, err := s.Cursor("siem"); err != nil || at >= s.LastID() {
				t.Errorf("a follower is at %d of %d, %v", at, s.LastID(), err)
			}
			recordN(t, s, 1)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(t, dir, opts)
			if err := s.Paused(); err != nil {
				t.Errorf("accepted, and then: %v", err)
			}
		})
	}
}

// A cursor of a page is of one epoch: ids come again in the next.
func TestCursorsAreOfOneEpoch(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	recordN(t, s, 5)
	page, err := audittest.List(t.Context(), s, audit.Query{Project: "acme"}, audit.Paging{Limit: 2})
	if err != nil || page.Next == "" {
		t.Fatal(page, err)
	}
	s.epoch.Add(1)
	_, err = audittest.List(t.Context(), s, audit.Query{Project: "acme"}, audit.Paging{Limit: 2, Cursor: page.Next})
	if audit.KindOf(err) != audit.Invalid || !strings.Contains(err.Error(), "lost") {
		t.Errorf("paged on: %v", err)
	}
}
