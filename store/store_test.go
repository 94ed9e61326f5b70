package store

import (
	"fmt"
	"testing"
	"time"

	"auditlog/audit"
)

func open(t testing.TB, dir string, opts Options) *Store {
	t.Helper()
	s, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func entry(project string, i int) *audit.Entry {
	return &audit.Entry{
		Project: project, Actor: audit.Actor{Email: "ada@example.com"}, Action: "deployment.deploy",
		Resource: audit.Resource{Type: "Deployment", Name: fmt.Sprintf("web-%d", i)}, Outcome: audit.Success,
		Detail: fmt.Sprintf("Deployed revision %d", i),
	}
}

func TestRecordListReopen(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	for i := range 10 {
		if _, err := s.Record(t.Context(), []*audit.Entry{entry("acme", 2*i), entry("acme", 2*i+1)}); err != nil {
			t.Fatal(err)
		}
	}
	check := func() {
		t.Helper()
		l := Listing{Query: audit.Query{Project: "acme", From: time.Now().Add(-time.Hour)}, Limit: 7}
		var ids []int64
		for {
			page, err := s.List(t.Context(), l)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page.Entries {
				ids = append(ids, e.ID)
			}
			if page.Next == "" {
				break
			}
			l.Cursor = page.Next
		}
		if len(ids) != 20 || ids[0] != 20 || ids[19] != 1 {
			t.Fatalf("listed %v", ids)
		}
	}
	check()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, Options{})
	check()
	if _, err := Open(dir, Options{}); audit.KindOf(err) != audit.Conflict {
		t.Fatalf("a second opener got %v", err)
	}
}
