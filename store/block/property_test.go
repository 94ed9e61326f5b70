package block

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"auditlog/audit"
	"auditlog/store/block/bits"
)

// drawEntries draws entries whose fields each take their values from a few, from
// odd ones, or from any, so that all ways to store a column occur.
func drawEntries(t *rapid.T) []*audit.Entry {
	anything := rapid.OneOf(
		rapid.SampledFrom(oddities),
		rapid.String(),
		rapid.StringMatching(`[a-z]{1,4}-[0-9]{1,6}`),
		rapid.StringMatching(`(step|run) [0-9]{1,3} of web-[0-9], [0-9a-f]{12}`),
		rapid.StringMatching(`[0-9]{1,12}`),
		rapid.StringMatching(`[0-9]{1,3}@[0-9]\.[0-9]{1,3}`),
		rapid.StringMatching(`[a-f0-9]{3}[-@.][a-f0-9]{2}@[a-f]{2}\.[a-f]{2}`),
	)
	fields := make([]*rapid.Generator[string], 20)
	for i := range fields {
		if n := rapid.IntRange(0, 9).Draw(t, "values"); n < 8 {
			fields[i] = rapid.SampledFrom(append(rapid.SliceOfN(anything, n, n).Draw(t, "few"), ""))
		} else {
			fields[i] = anything
		}
	}
	field := func(i int) string { return fields[i].Draw(t, "field") }
	times := rapid.SampledFrom([]int64{1, 1000, 1e6, 1e12, 1e15}).Draw(t, "spread")
	entries := make([]*audit.Entry, rapid.IntRange(1, 200).Draw(t, "n"))
	for i := range entries {
		e := &audit.Entry{ID: int64(i) + 1, Project: "acme"}
		e.Actor = audit.Actor{Email: field(0), Type: audit.ActorType(field(1)), Label: field(2)}
		e.Action = field(3)
		e.Resource = audit.Resource{Type: field(4), ID: field(5), Name: field(6), LocationID: field(7)}
		e.Outcome, e.Channel = audit.Outcome(field(8)), audit.Channel(field(9))
		e.Detail = field(10)
		if i%2 == 0 {
			e.Detail += " " + e.Resource.Name + " by " + e.Actor.Email
		}
		e.Request = audit.Request{IP: field(11), UserAgent: field(12), ID: field(13)}
		e.Key = field(14)
		for range rapid.IntRange(0, 2).Draw(t, "changes") {
			e.Changes = append(e.Changes, audit.Change{Field: field(15), Old: field(16), New: field(17)})
		}
		for range rapid.IntRange(0, 2).Draw(t, "metadata") {
			if e.Metadata == nil {
				e.Metadata = map[string]string{}
			}
			e.Metadata[field(18)] = field(19)
		}
		e.CreatedAt = time.UnixMicro(rapid.Int64Range(-times, times).Draw(t, "created")).UTC()
		e.RecordedAt = e.CreatedAt
		if i%3 != 0 {
			e.RecordedAt = time.UnixMicro(rapid.Int64Range(0, times).Draw(t, "recorded")).UTC()
		}
		entries[i] = e
	}
	if rapid.Bool().Draw(t, "wide ids") {
		entries[0].ID = math.MaxInt64
	}
	sortEntries(entries)
	return entries
}

// TestBlockProperty checks that a block gives back what went in, and finds text and values
// as looking at the entries does.
func TestBlockProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := drawEntries(t)
		b, err := Open(Append(nil, 1, entries))
		if err != nil {
			t.Fatal(err)
		}
		all, err := b.Entries("acme")
		if err != nil {
			t.Fatal(err)
		}
		w := words{all: []string{rapid.SampledFrom([]string{"a", "1", "web", "0"}).Draw(t, "word")}, none: "7"}
		found := bits.All(bits.MaxRows)
		if err := b.MatchText(w, &found); err != nil {
			t.Fatal(err)
		}
		q := &audit.Query{Is: audit.Terms{"actor": {entries[0].Actor.Email}, "resourceId": {entries[len(entries)/2].Resource.ID}}}
		q.Normalize()
		matching := bits.All(len(entries))
		if err := filterOf(q).Match(b, &matching); err != nil {
			t.Fatal(err)
		}
		for row, want := range entries {
			got, err := b.Entry(row, "acme")
			if err != nil {
				t.Fatal(err)
			}
			g, a, w0 := string(got.AppendJSON(nil)), string(all[row].AppendJSON(nil)), string(want.AppendJSON(nil))
			if g != w0 || a != w0 {
				t.Fatalf("row %d:\n got %s\n all %s\nwant %s", row, g, a, w0)
			}
			if found.Has(row) != matchesNaively(w, want) {
				t.Fatalf("row %d, %s: text matches %v", row, w0, found.Has(row))
			}
			if matching.Has(row) != audit.NewMatcher(q).Match(want) {
				t.Fatalf("row %d, %s: filter matches %v", row, w0, matching.Has(row))
			}
		}
	})
}

// Every text of an entry but its project has a column.
func TestEveryFieldHasAColumn(t *testing.T) {
	columns := make(map[*audit.Field]int)
	for _, p := range parts {
		if p.of != nil {
			columns[p.of]++
		}
	}
	for _, f := range audit.Fields() {
		if f.Path != "project" && columns[f] != 1 {
			t.Errorf("%s has %d columns", f.Path, columns[f])
		}
	}
}
