package index

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"auditlog/fulltext"
)

// tenantQueries are guesses at the words of another project: of each kind of query.
var tenantQueries = []string{
	"zeppelin", "zeppelin common", `"zeppelin launch"`, "zeppelin-7", "zeppelin.example.com",
	"zep*", "zepp*", "zeppelin-100*", "common zep*", "zep* common", "dep*",
	"9f2c01ab77d0", "9f2*", "9f2c01*", "203.0.113.9", "飛行船", "飛行",
	"common -zeppelin", "zeppelin -common", `common -"zeppelin launch"`,
	"evt-0c1f-zeppelin", "nothing",
}

// tenantLog is a log in which project 2 has some blocks, and projects 1 and 3 others words'.
func tenantLog(others bool) *memoryLog {
	l := newMemoryLog()
	for i := range int64(200) {
		l.put(key(2, 10+i), "common", fmt.Sprintf("deployed web-%d", i), fmt.Sprintf("sha256:%010xab", i*i), "203.0.113.7")
		if !others {
			continue
		}
		for _, p := range []fulltext.ProjectID{1, 3} {
			l.put(key(p, 10+i), "common", "zeppelin launch", fmt.Sprintf("zeppelin-%d zeppelin%d zepp%dx", i, i, i),
				"zeppelin.example.com", "9f2c01ab77d0", "203.0.113.9", "飛行船", fmt.Sprintf("deputy%d", i))
		}
	}
	return l
}

// work returns which blocks of project 2 an index names for a query, and how many words and cells
// it looked at for them, of how many segments.
func work(t *testing.T, x *Index, query string) (keys []fulltext.BlockKey, seen, segments int) {
	t.Helper()
	q, err := Parse(query)
	if err != nil {
		t.Fatal(err)
	}
	f := finder{ctx: context.Background(), project: 2, conditions: x.Search(q).conditions}
	err = x.read(func(s *snapshot) error {
		segments = len(s.parts)
		for _, p := range s.parts {
			if err := f.part(p); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return f.keys, f.seen, segments
}

// A search does the same work whatever other projects hold: what it looks at are the words and
// cells of its own project, as many as if there were no other. Else a word of another
// project could be read off the time that a search takes.
func TestSearchesDoNoWorkForOthers(t *testing.T) {
	index := func(l *memoryLog) *running {
		cfg := testConfig(t.TempDir()+"/index", l)
		if err := Rebuild(t.Context(), cfg, func(_, _ uint64) {}); err != nil {
			t.Fatal(err)
		}
		r := start(t, cfg)
		r.caughtUp()
		return r
	}
	alone, among := index(tenantLog(false)), index(tenantLog(true))
	total := 0
	for _, query := range tenantQueries {
		want, seen, segments := work(t, alone.Index, query)
		got, seenAmong, segmentsAmong := work(t, among.Index, query)
		if segments != 1 || segmentsAmong != 1 {
			t.Fatalf("%d and %d segments, want one each", segments, segmentsAmong)
		}
		slices.SortFunc(want, func(a, b fulltext.BlockKey) int { return a.Compare(b.Position) })
		slices.SortFunc(got, func(a, b fulltext.BlockKey) int { return a.Compare(b.Position) })
		if seen != seenAmong || !slices.Equal(got, want) {
			t.Errorf("%s: %d words and cells looked at, %d blocks found; without other projects %d and %d",
				query, seenAmong, len(got), seen, len(want))
		}
		total += seen
	}
	if total < len(tenantQueries) {
		t.Errorf("the searches looked at %d words and cells: they are not counted", total)
	}
	if blocks, _, _ := work(t, among.Index, "deployed"); len(blocks) != 200 {
		t.Errorf("%d blocks have the project's own word, want 200", len(blocks))
	}
}
