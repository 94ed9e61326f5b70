package store

import (
	"testing"
	"time"

	"auditlog/audit"
)

// The log's own entries must neither make, fill nor revive a project.
func TestRecordOwn(t *testing.T) {
	now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	s := open(t, t.TempDir(), Options{Now: func() time.Time { return now }})
	ctx := t.Context()
	for _, name := range []string{"acme", "gone"} {
		if _, err := s.Record(ctx, []*audit.Entry{entry(name, 1)}); err != nil {
			t.Fatal(err)
		}
	}
	if due := s.Purges(); len(due) != 0 {
		t.Errorf("purges %v although no project is deleted", due)
	}
	if _, err := s.Delete(ctx, "gone", entry("gone", 2), audit.DeletionOrder{Grace: time.Hour}); err != nil {
		t.Fatal(err)
	}
	if due := s.Purges(); len(due) != 1 || due["gone"] <= 59*time.Minute || due["gone"] > time.Hour {
		t.Errorf("purges %v, want that of gone in an hour", due)
	}
	for name, want := range map[string]string{
		"acme": "acme", "gone": audit.SystemProject, "ghost": audit.SystemProject, audit.SystemProject: audit.SystemProject,
	} {
		e := entry(name, 3)
		if err := s.RecordOwn(ctx, e); err != nil {
			t.Fatal(err)
		}
		if e.Project != want {
			t.Errorf("an own entry of %q went to %q, want %q", name, e.Project, want)
		}
		e = entry(name, 4)
		if err := s.ChangeTokens(ctx, map[string][]byte{name: []byte("x")}, []string{"other"}, e); err != nil {
			t.Fatal(err)
		}
		if e.Project != want {
			t.Errorf("a token's entry of %q went to %q, want %q", name, e.Project, want)
		}
	}
	if _, err := s.Project("ghost"); audit.KindOf(err) != audit.NotFound {
		t.Errorf("an own entry made its project: %v", err)
	}
	if tokens, err := s.Tokens(); err != nil || len(tokens) != 4 {
		t.Errorf("tokens %v, %v", tokens, err)
	}
}
