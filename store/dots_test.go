package store

import (
	"errors"
	"testing"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// TestDotsNameNoNewProject: clients fold the addresses of its tree away. A log that has one already is
// recorded to and read as before, until it is purged.
func TestDotsNameNoNewProject(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	isAt := func(err error, path string) bool {
		var f *audit.Fault
		return errors.As(err, &f) && f.Kind == audit.Invalid && f.Where() == path
	}
	refused := func(name string) {
		t.Helper()
		_, err := s.Record(t.Context(), []*audit.Entry{entry("acme", 1), entry(name, 1)})
		if !isAt(err, "entries[1].project") {
			t.Errorf("%q: recorded to, %v", name, err)
		}
		_, err = s.Create(t.Context(), name, entry(name, 0))
		if !isAt(err, "project") {
			t.Errorf("%q: made, %v", name, err)
		}
	}
	refused(".")
	refused("..")
	if _, err := s.Project("acme"); audit.KindOf(err) != audit.NotFound {
		t.Errorf("half of a batch was recorded: %v", err)
	}
	if _, err := s.Record(t.Context(), []*audit.Entry{entry("...", 1), entry(".a", 1), entry("...", 2)}); err != nil {
		t.Errorf("names that only begin so: %v", err)
	}

	err := s.db.Update(func(tx kv.Tx) error {
		rec := &format.Project{State: audit.Active, Incarnation: 1, Base: 1}
		p, err := s.commits.BeginProject(tx, "..", rec)
		if err != nil {
			return err
		}
		return p.Put(tx, rec)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, Options{})
	if _, err := s.Record(t.Context(), []*audit.Entry{entry("..", 1)}); err != nil {
		t.Fatalf("a project of before: %v", err)
	}
	if p, err := s.Project(".."); err != nil || p.Entries != 1 {
		t.Errorf("a project of before: %+v, %v", p, err)
	}
	if _, err := s.Delete(t.Context(), "..", entry("..", 0), audit.DeletionOrder{}); err != nil {
		t.Fatal(err)
	}
	for done := false; !done; {
		if done, err = s.PurgeStep(t.Context(), ".."); err != nil {
			t.Fatal(err)
		}
	}
	refused("..")
	checkClean(t, s)
}
