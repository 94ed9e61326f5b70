package work

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
)

var end = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

// TestWork keeps what the figures are measured on as documented.
func TestWork(t *testing.T) {
	const n = 100_000
	w, again := New(1, n, end), New(1, n, end)
	size, last := 0, time.Time{}
	projects, actions, outcomes, channels, words := map[string]int{}, map[string]int{}, map[audit.Outcome]int{}, map[audit.Channel]int{}, map[string]int{}
	for i := range n {
		e := w.Entry(i)
		if i%1000 == 0 && !reflect.DeepEqual(e, again.Entry(i)) {
			t.Fatalf("entry %d differs from one of the same seed", i)
		}
		if !e.CreatedAt.After(last) {
			t.Fatalf("entry %d is of %s, the one before of %s", i, e.CreatedAt, last)
		}
		last = e.CreatedAt
		if err := e.Validate(end); err != nil {
			t.Fatalf("entry %d: %v", i, err)
		}
		projects[e.Project]++
		actions[e.Action]++
		outcomes[e.Outcome]++
		channels[e.Channel]++
		for _, word := range []string{RareWord, CommonWord} {
			if strings.Contains(e.Detail, word) {
				words[word]++
			}
		}
		size += len(e.AppendInput(nil))
		if i == 7 || i == 8 {
			t.Logf("%s", e.AppendInput(nil))
		}
	}
	t.Logf("%d bytes of JSON an entry; largest project %d; %v %v %v", size/n, projects[w.projects[0].name], outcomes, channels, words)
	check := func(what string, got, least, most int) {
		if got < least || got > most {
			t.Errorf("%s: %d, want %d to %d", what, got, least, most)
		}
	}
	check("bytes of JSON an entry", size/n, 325, 345)
	check("projects", len(projects), Projects, Projects)
	check("entries of the largest project", projects[w.projects[0].name], n/5, n/4)
	check("actions", len(actions), 16, 16)
	check("channels", len(channels), 4, 4)
	check("forbidden", outcomes[audit.Forbidden], 48*n/1000, 52*n/1000)
	check("errors", outcomes[audit.Error], 18*n/1000, 22*n/1000)
	check("common word", words[CommonWord], n/4, n/2)
	check("rare word", words[RareWord], 4, 6)
	if span := last.Sub(w.Entry(0).CreatedAt); span < (Days-1)*24*time.Hour || span > Days*24*time.Hour {
		t.Errorf("entries span %s", span)
	}
}

// TestQueries has every listing ask things that find a full page, less, and nothing.
func TestQueries(t *testing.T) {
	const n = 100_000
	w := New(1, n, end)
	byProject := map[string][]audit.Entry{}
	for i := range n {
		e := w.Entry(i)
		byProject[e.Project] = append(byProject[e.Project], e)
	}
	for _, l := range Listings() {
		var full, some, none int
		for v := range 200 {
			q := w.Query(l, v)
			q.Normalize()
			if err := q.Validate(); err != nil {
				t.Fatal(err)
			}
			m, hits := audit.NewMatcher(&q), 0
			for _, e := range byProject[q.Project] {
				if m.Match(&e) {
					hits++
				}
			}
			switch {
			case hits >= Limit:
				full++
			case hits > 0:
				some++
			default:
				none++
			}
		}
		t.Logf("%s: %d full, %d less, %d nothing", l.Name, full, some, none)
		if full+some == 0 || l.parts&byActor != 0 && none == 0 {
			t.Errorf("%s: %d full, %d less, %d nothing", l.Name, full, some, none)
		}
	}
}

func BenchmarkEntry(b *testing.B) {
	w := New(1, 1_000_000, end)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		w.Entry(i)
		i++
	}
}
