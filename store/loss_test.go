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

// A copy that cp makes while a server writes is recognised: it is refused in words, or taken for
// the older state that it is, and never for the log.
func TestCopyOfALogInUse(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{SealRows: 1 << 20, SealAfter: time.Hour})
	work := func(n int) {
		recordN(t, s, n)
		if err := s.Seal(); err != nil {
			t.Fatal(err)
		}
	}
	work(300)
	refused := 0
	for i := range 12 {
		size, err := os.Stat(filepath.Join(dir, FileName))
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(filepath.Join(dir, FileName))
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, size.Size())
		half := 4096 * (2 + i*int(size.Size()/4096-2)/12)
		if _, err := f.ReadAt(b[:half], 0); err != nil {
			t.Fatal(err)
		}
		work(20)
		work(5)
		if _, err := f.ReadAt(b[half:], int64(half)); err != nil {
			t.Fatal(err)
		}
		f.Close()
		mark, err := os.ReadFile(filepath.Join(dir, FileName+".mark"))
		if err != nil {
			t.Fatal(err)
		}
		to := t.TempDir()
		for name, b := range map[string][]byte{FileName: b, FileName + ".mark": mark} {
			if err := os.WriteFile(filepath.Join(to, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c, err := Open(to, Options{})
		if err != nil {
			if refused++; !strings.Contains(err.Error(), "it is a copy") {
				t.Errorf("copy %d: %v", i, err)
			}
			continue
		}
		if err := c.Paused(); err == nil || !strings.Contains(err.Error(), "copy") {
			t.Errorf("copy %d of a log in use is taken for the log: %v", i, err)
		}
		c.Close()
	}
	t.Logf("%d of 12 copies were torn, the others older states", refused)
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
