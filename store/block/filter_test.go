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
	q := &audit.Query{Project: "acme"}
	if maybe("by type") {
		q.ResourceType = rapid.SampledFrom([]string{pick("type").Resource.Type, "deployment", "DOMAIN", "none", "ſtraße"}).Draw(t, "type")
	}
	if maybe("by resource") {
		q.ResourceID = rapid.SampledFrom([]string{pick("resource").Resource.ID, "4711x"}).Draw(t, "resource id")
	}
	if maybe("by action") {
		q.Action = rapid.SampledFrom([]string{pick("action").Action, "deployment.*", "d.*", "deploy"}).Draw(t, "action")
	}
	if maybe("by actor") {
		q.Actor = rapid.SampledFrom([]string{pick("actor").Actor.Email, "nobody"}).Draw(t, "actor")
	}
	if maybe("by actor type") {
		q.ActorType = rapid.SampledFrom([]audit.ActorType{audit.User, audit.ServiceAccount}).Draw(t, "actor type")
	}
	if maybe("by channel") {
		q.Channel = rapid.SampledFrom([]audit.Channel{"CLI", "api", "mcp"}).Draw(t, "channel")
	}
	if maybe("by address") {
		q.IP = rapid.SampledFrom([]string{pick("address").Request.IP, "203.0.113.0/24", "::ffff:203.0.113.7", "10.0.0.0/8", "nowhere"}).Draw(t, "ip")
	}
	if maybe("by agent") {
		q.UserAgent = rapid.SampledFrom([]string{pick("agent").Request.UserAgent, "deploys"}).Draw(t, "user agent")
	}
	if maybe("by request") {
		q.RequestID = rapid.SampledFrom([]string{pick("request").Request.ID, "0b7c"}).Draw(t, "request id")
	}
	if maybe("by key") {
		q.Key = rapid.SampledFrom([]string{pick("key").Key, "evt-1"}).Draw(t, "key")
	}
	q.Outcomes = rapid.SliceOfN(rapid.SampledFrom([]audit.Outcome{"success", "Error", "forbidden"}), 0, 3).Draw(t, "outcomes")
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
	blocks := map[*Block][]*audit.Entry{
		open(t, Append(nil, 1, entries)):     entries,
		open(t, Append(nil, 1, wide)):        wide,
		open(t, Append(nil, 1, entries[:3])): entries[:3],
	}
	rapid.Check(t, func(t *rapid.T) {
		for b, entries := range blocks {
			q := drawQuery(t, entries)
			f := filterOf(q)
			rows := bits.All(b.Rows())
			rows.Clear(0)
			if err := f.Match(b, &rows); err != nil {
				t.Fatal(err)
			}
			q.Normalize()
			for row, e := range entries {
				want := q.Match(e) && row != 0
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
				for _, q := range []audit.Query{{ResourceID: want}, {RequestID: want}, {Key: want}} {
					rows := bits.All(b.Rows())
					if err := filterOf(&q).Match(b, &rows); err != nil {
						t.Fatal(err)
					}
					for row, e := range entries {
						if rows.Has(row) != q.Match(e) {
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
				{ResourceID: id}, {ResourceID: id, Outcomes: []audit.Outcome{audit.Success}},
				{ResourceID: id, From: entries[100].CreatedAt}, {ResourceID: id, Action: "none"},
			} {
				rows := bits.All(b.Rows())
				rows.Clear(21)
				if err := filterOf(&q).Match(b, &rows); err != nil {
					t.Fatal(err)
				}
				found := false
				for row, e := range entries {
					want := q.Match(e) && row != 21
					if found = found || want; rows.Has(row) != want {
						t.Fatalf("many %v: %+v: row %d is found: %v", many, q, row, rows.Has(row))
					}
				}
				if found && !slices.Contains(hashes, Hash(ResourceID, id)) {
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
					want[parts[fieldColumns[f]].get(e)]++
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
	n.Outcomes = slices.Clone(q.Outcomes)
	n.Normalize()
	return NewFilter(&n)
}
