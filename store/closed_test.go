package store

import (
	"testing"

	"auditlog/audit"
)

// A typing error in a project's name must not make a project where they are closed.
func TestClosedProjects(t *testing.T) {
	s := open(t, t.TempDir(), Options{Closed: true})
	_, err := s.Record(t.Context(), []*audit.Entry{entry("amce", 1)})
	if audit.KindOf(err) != audit.NotFound {
		t.Errorf("an entry of a project that nobody made: %v", err)
	}
	if _, err := s.Create(t.Context(), "acme", entry("acme", 0)); err != nil {
		t.Fatal(err)
	}
	_, err = s.Record(t.Context(), []*audit.Entry{entry("acme", 1), entry("amce", 2)})
	if audit.KindOf(err) != audit.NotFound {
		t.Errorf("a batch with a typing error: %v", err)
	}
	if p, err := s.Project("acme"); err != nil || p.Entries != 1 {
		t.Errorf("%+v, %v: half of a batch was recorded", p, err)
	}
	if _, err := s.Record(t.Context(), []*audit.Entry{entry("acme", 1)}); err != nil {
		t.Error(err)
	}
	if err := s.RecordOwn(t.Context(), entry("amce", 3)); err != nil {
		t.Errorf("what the log says of itself: %v", err)
	}
	if _, err := s.Delete(t.Context(), "acme", entry("acme", 0), audit.DeletionOrder{}); err != nil {
		t.Fatal(err)
	}
	for done := false; !done; {
		if done, err = s.PurgeStep(t.Context(), "acme"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err = s.Record(t.Context(), []*audit.Entry{entry("acme", 1)}); audit.KindOf(err) != audit.NotFound {
		t.Errorf("an entry of a project that was purged: %v", err)
	}
	if _, err := s.Project("amce"); audit.KindOf(err) != audit.NotFound {
		t.Errorf("the typing error is a project: %v", err)
	}
	checkClean(t, s)
}
