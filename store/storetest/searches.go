package storetest

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
)

// Rows of searches are there when the log is opened again, and those for a project go with its
// purge.
func testSearches(t *testing.T, open Engine) {
	dir := t.TempDir()
	log := open.open(t, dir)
	record(t, log, "acme", 2)
	told := plainEntry("acme")
	put := map[string][]byte{audit.SearchesFor("acme") + "a": []byte("1"), audit.SearchesFor("acme2") + "a": []byte("2"), "own/t/a": []byte("3")}
	if err := log.ChangeSearches(t.Context(), put, nil, told); err != nil || told.ID != 3 {
		t.Fatalf("it is told of as %d: %v", told.ID, err)
	}
	if err := log.ChangeSearches(t.Context(), map[string][]byte{"own/t/b": []byte("4")}, []string{"own/t/a"}, nil); err != nil {
		t.Fatal(err)
	}
	check := func(prefix, want string) {
		t.Helper()
		rows, err := log.Searches(prefix)
		var got []string
		for _, k := range slices.Sorted(maps.Keys(rows)) {
			got = append(got, k+"="+string(rows[k]))
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q has %q, want %q: %v", prefix, got, want, err)
		}
	}
	check("", "for/acme/a=1 for/acme2/a=2 own/t/b=4")
	check(audit.SearchesFor("acme"), "for/acme/a=1")
	if _, err := log.Delete(t.Context(), "acme", plainEntry("acme"), audit.DeletionOrder{Grace: time.Nanosecond}); err != nil {
		t.Fatal(err)
	}
	for done := false; !done; {
		var err error
		if done, err = log.PurgeStep(t.Context(), "acme"); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	log = open.open(t, dir)
	check("", "for/acme2/a=2 own/t/b=4")
}
