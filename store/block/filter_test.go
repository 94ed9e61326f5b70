package block

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"auditlog/audit"
	"auditlog/store/block/bits"
)

// drawQuery draws a query whose values mostly occur in entries.
func drawQuery(t *rapid.T, entries []*audit.Entry) *audit.Query {
	pick := func(label string) *audit.Entry { return rapid.SampledFrom(entries).Draw(t, label) }
	maybe := func(label string) bool { return rapid.IntRange(0, 3).Draw(t, label) == 0 }
	q := &audit.Query{Project: "acme", Is: audit.Terms{}, Not: audit.Terms{}}
	nearly := map[string][]string{
		"resourceType": {"deployment", "DOMAIN", "none", "ſtraße"}, "resourceId": {"4711x"},
		"action": {"deployment.*", "d.*", "deploy"}, "actor": {"nobody"}, "actorType": {"User", "ServiceAccount"},
		"channel": {"CLI", "api", "mcp"}, "ip": {"203.0.113.0/24", "::ffff:203.0.113.7", "10.0.0.0/8", "nowhere"},
		"userAgent": {"deploys"}, "requestId": {"0b7c"}, "key": {"evt-1"}, "outcome": {"success", "Error", "forbidden"},
		"resourceName": {"web"}, "location": {"nowhere"}, "label": {"claude"}, "recordedBy": {"auditlog"},
	}
	for _, f := range audit.Fields() {
		if f.Asked == audit.Unasked {
			continue
		}
		value := func() string {
			if s := *f.Of(pick(f.Name)); s != "" && rapid.Bool().Draw(t, "there") {
				return s
			}
			return rapid.SampledFrom(nearly[f.Name]).Draw(t, f.Name)
		}
		for _, side := range []struct {
			label string
			terms audit.Terms
		}{{"is ", q.Is}, {"not ", q.Not}} {
			if maybe(side.label + f.Name) {
				for range rapid.IntRange(1, 3).Draw(t, "values") {
					side.terms[f.Name] = append(side.terms[f.Name], value())
				}
			}
		}
	}
	if maybe("by time") {
		q.From = pick("from").CreatedAt
	}
	if maybe("until") {
		q.To = pick("to").CreatedAt.Add(time.Duration(rapid.IntRange(0, 1).Draw(t, "ns")))
	}
	return q
}

// TestFilterAgreesWithQuery compares Filter with audit.Query.Match, row by row.
func TestFilterAgreesWithQuery(t *testing.T) {
	entries := append(realistic(3, 700), strange(3, 300)...)
	sortEntries(entries)
	wide := uniform(5, 600)
	var blocks []*Block
	holding := [][]*audit.Entry{entries, wide, entries[:3]}
	for _, entries := range holding {
		blocks = append(blocks, open(t, Append(nil, 1, entries)))
	}
	rapid.Check(t, func(t *rapid.T) {
		for i, b := range blocks {
			entries := holding[i]
			q := drawQuery(t, entries)
			f := filterOf(q)
			rows := bits.All(b.Rows())
			rows.Clear(0)
			if err := f.Match(b, &rows); err != nil {
				t.Fatal(err)
			}
			q.Normalize()
			for row, e := range entries {
				want := audit.NewMatcher(q).Match(e) && row != 0
				if rows.Has(row) != want {
					t.Fatalf("row %d, %s\n%+v: match %v, want %v", row, e.AppendJSON(nil), q, !want, want)
				}
			}
			checkHashes(t, b, f, &rows)
		}
	})
}

// checkHashes checks that an index of Hashes would have led to the matching rows.
func checkHashes(t *rapid.T, b *Block, f *Filter, rows *bits.Rows) {
	if rows.Empty() {
		return
	}
	for _, v := range f.Values() {
		hashes, err := b.Hashes(v.Field)
		if err != nil {
			t.Fatal(err)
		}
		have := map[uint32]bool{}
		for _, h := range hashes {
			have[h] = true
		}
		found := false
		for _, h := range v.Hashes {
			found = found || have[h]
		}
		if !found {
			t.Fatalf("field %d: none of %v is among the block's hashes", v.Field, v.Hashes)
		}
	}
}

// TestFilterFindsNumbers asks for ids that are stored as numbers, and for others that only
// look like them, where hashes are kept of the column and where none are.
func TestFilterFindsNumbers(t *testing.T) {
	g := newGenerator(8, time.Second)
	kinds := map[string]func(i int) string{
		"decimal": func(i int) string { return strconv.Itoa(i * 37) },
		"padded":  func(i int) string { return fmt.Sprintf("%06d", i*i) },
		"hex":     func(int) string { return g.hex(9) },
		"upper":   func(int) string { return strings.ToUpper(g.hex(20)) },
		"uuid":    func(int) string { return g.uuid() },
		"named":   func(i int) string { return fmt.Sprintf("%s-%d", []string{"db", "vm"}[i%2], i/3) },
		"address": func(i int) string { return fmt.Sprintf("10.%d.%d.1", i%3, i%250) },
		"name":    func(int) string { return "x" + g.hex(9) + "z" },
	}
	for name, id := range kinds {
		entries := realistic(1, 500)
		for i, e := range entries {
			e.Resource.ID, e.Request.ID = id(i), id(i)
			if e.Key = ""; i%3 == 0 {
				e.Key = id(i)
			}
		}
		b := open(t, Append(nil, 1, entries))
		for i := 0; i < len(entries); i += 7 {
			real := entries[i].Resource.ID
			for _, want := range []string{real, "0" + real, strings.ToUpper(real), strings.ToLower(real), real + "1", real[:len(real)-1]} {
				if want == "" {
					continue // no filter
				}
				for _, q := range []audit.Query{{Is: audit.Terms{"resourceId": {want}}}, {Is: audit.Terms{"requestId": {want}}}, {Is: audit.Terms{"key": {want}}}} {
					rows := bits.All(b.Rows())
					if err := filterOf(&q).Match(b, &rows); err != nil {
						t.Fatal(err)
					}
					for row, e := range entries {
						if rows.Has(row) != audit.NewMatcher(&q).Match(e) {
							t.Fatalf("%s: %s by %+v: %v", name, e.AppendJSON(nil), q, rows.Has(row))
						}
					}
				}
			}
		}
	}
}

// TestFilterFindsListedResources asks for resources that metadata lists, in lists of few
// names and in lists of many, together with other conditions.
func TestFilterFindsListedResources(t *testing.T) {
	for _, many := range []bool{false, true} {
		entries := realistic(1, 500)
		for i, e := range entries {
			e.Metadata = map[string]string{"commit": strconv.Itoa(i)}
			if many {
				e.Metadata[fmt.Sprintf("name-%d", i)] = "x"
			}
			if i%3 == 0 {
				e.Metadata[audit.ListedResources] = fmt.Sprintf("vm-%d vm-%d  vm-x", i/3, i/3+1)
			}
			if i%50 == 0 {
				e.Resource.ID = "vm-7"
			}
		}
		b := open(t, Append(nil, 1, entries))
		hashes, err := b.Hashes(ResourceID)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"vm-7", "vm-0", "vm-x", "vm", "vm-1 vm-2", entries[1].Resource.ID} {
			for _, q := range []audit.Query{
				{Is: audit.Terms{"resourceId": {id}}}, {Is: audit.Terms{"resourceId": {id}, "outcome": {string(audit.Success)}}},
				{Is: audit.Terms{"resourceId": {id}}, From: entries[100].CreatedAt}, {Is: audit.Terms{"resourceId": {id}, "action": {"none"}}},
			} {
				rows := bits.All(b.Rows())
				rows.Clear(21)
				if err := filterOf(&q).Match(b, &rows); err != nil {
					t.Fatal(err)
				}
				found := false
				for row, e := range entries {
					want := audit.NewMatcher(&q).Match(e) && row != 21
					if found = found || want; rows.Has(row) != want {
						t.Fatalf("many %v: %+v: row %d is found: %v", many, q, row, rows.Has(row))
					}
				}
				if found && !slices.Contains(hashes, hashOf(ResourceID, id)) {
					t.Errorf("many %v: %s is not among the hashes", many, id)
				}
			}
		}
	}
}

func TestCounts(t *testing.T) {
	entries := append(realistic(4, 400), strange(4, 200)...)
	sortEntries(entries)
	for _, entries := range [][]*audit.Entry{entries, uniform(6, 300), entries[:1]} {
		b := open(t, Append(nil, 1, entries))
		rows := bits.All(len(entries))
		for range len(entries) / 3 {
			rows.Clear(rand.IntN(len(entries)))
		}
		for f := range fieldCount {
			want := map[string]int{}
			for row, e := range entries {
				if rows.Has(row) {
					want[*parts[fieldColumns[f]].of.Of(e)]++
				}
			}
			got := map[string]int{}
			err := b.Counts(f, &rows, func(v string, n int) { got[v] += n })
			if err != nil {
				t.Fatal(err)
			}
			compareCounts(t, got, want)
		}
		want, got := map[string]int{}, map[string]int{}
		for row, e := range entries {
			if rows.Has(row) {
				want[e.CreatedAt.String()+string(e.Outcome)]++
			}
		}
		for row := rows.Next(0); row >= 0 && row < b.Rows(); row = rows.Next(row + 1) {
			one, at := bits.Between(row, row+1), time.UnixMicro(b.CreatedAt(row)).UTC().String()
			if err := b.Counts(Outcome, &one, func(o string, n int) { got[at+o] += n }); err != nil {
				t.Fatal(err)
			}
		}
		compareCounts(t, got, want)
	}
}

func compareCounts(t *testing.T, got, want map[string]int) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	for v, n := range want {
		if got[v] != n {
			t.Fatalf("%q: %d rows, want %d", v, got[v], n)
		}
	}
}

// filterOf returns the filter of a query as somebody writes it.
func filterOf(q *audit.Query) *Filter {
	n := *q
	n.Normalize()
	return NewFilter(&n)
}

// Every field that queries ask for narrows blocks.
func TestEveryFieldIsAsked(t *testing.T) {
	n := 0
	for _, f := range audit.Fields() {
		if f.Asked == audit.Unasked {
			continue
		}
		n++
		q := audit.Query{Project: "acme", Is: audit.Terms{f.Name: {"x"}}, Not: audit.Terms{f.Name: {"y"}}}
		if filter := NewFilter(&q); len(filter.constraints) != 1 || len(filter.excluded) != 1 {
			t.Errorf("%s makes %d constraints and %d exclusions", f.Name, len(filter.constraints), len(filter.excluded))
		}
	}
	if n != maxConstraints {
		t.Errorf("%d fields are asked for, filters have room for %d", n, maxConstraints)
	}
}
