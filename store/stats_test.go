package store

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/store/block"
	"auditlog/store/blocks"
	"auditlog/store/counts"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// byRow adds a condition that sections know nothing of and every entry meets: so each row is
// counted.
func byRow(q audit.Query) audit.Query {
	q.Not = q.Not.Clone()
	if q.Not == nil {
		q.Not = make(audit.Terms)
	}
	q.Not["requestId"] = []string{"nobody's"}
	return q
}

// countQueries ask by the fields that sections count by, and for times that cut parts in two.
func countQueries(entries []*audit.Entry) []audit.Query {
	some := func(i int) time.Time { return entries[i*len(entries)/10].CreatedAt }
	return []audit.Query{
		{},
		{From: some(2), To: some(7)},
		{From: some(3).Add(time.Microsecond), To: some(3).Add(time.Hour)},
		{Is: audit.Terms{"actor": {entries[0].Actor.Email}}},
		{Is: audit.Terms{"outcome": {"forbidden", "error"}}, From: some(1)},
		{Is: audit.Terms{"resourceType": {"DEPLOYMENT"}, "action": {"deployment.*", "domain.create"}}},
		{Not: audit.Terms{"action": {"deployment.*"}, "actor": {entries[1].Actor.Email}}},
		{Is: audit.Terms{"channel": {"cli"}, "actorType": {"User"}}, Not: audit.Terms{"outcome": {"success"}}, To: some(8)},
		{Is: audit.Terms{"actor": {"nobody"}}},
	}
}

// TestCountsAreThoseOfTheRows records in order, late, into the past and scattered, in
// several seals. Charts in any zone, lists of values and totals are always what counting each
// row says.
func TestCountsAreThoseOfTheRows(t *testing.T) {
	alone(t)
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			z := blocks.Sizes{BlockRows: 12, IndexableRows: 6, IndexableBytes: 4 << 10, Span: 8, Ahead: 2}
			s := open(t, t.TempDir(), Options{SealAfter: time.Hour, SealRows: 1 << 20, sizes: z})
			r := rand.New(rand.NewPCG(seed, 1))
			g := audittest.New(seed, 7*time.Minute)
			var all []*audit.Entry
			for range 12 {
				entries := g.Entries(20 + r.IntN(150))
				late, back := r.IntN(4), time.Duration(r.IntN(3000))*time.Hour
				for _, e := range entries {
					e.Project = "acme"
					if late > 1 && r.IntN(2) == 0 {
						e.CreatedAt = e.CreatedAt.Add(-time.Duration(r.Int64N(int64(back + 1))))
					}
				}
				if _, err := s.Record(t.Context(), entries); err != nil {
					t.Fatal(err)
				}
				all = append(all, entries...)
				if r.IntN(4) > 0 {
					if err := s.Seal(); err != nil {
						t.Fatal(err)
					}
				}
				compareCounts(t, s, all)
			}
			checkClean(t, s)
		})
	}
}

func compareCounts(t *testing.T, s *Store, all []*audit.Entry) {
	t.Helper()
	sorted := slices.SortedFunc(slices.Values(all), blocks.ByPosition)
	for i, q := range countQueries(sorted) {
		q.Project = "acme"
		for _, bounds := range barsOf(sorted) {
			got, err := audittest.Stats(t.Context(), s, q, audit.Counting{Bounds: bounds})
			if err != nil {
				t.Fatal(err)
			}
			want, err := audittest.Stats(t.Context(), s, byRow(q), audit.Counting{Bounds: bounds})
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("query %d of %d entries, %d bounds:\n%+v\nwant\n%+v", i, len(all), len(bounds), got, want)
			}
		}
	}
}

// barsOf are bounds of days in a zone where they are not those of UTC, and of hours.
func barsOf(sorted []*audit.Entry) [][]time.Time {
	zone := time.FixedZone("", 5*3600+45*60)
	first, last := sorted[0].CreatedAt.In(zone), sorted[len(sorted)-1].CreatedAt
	var days, hours []time.Time
	for d := time.Date(first.Year(), first.Month(), first.Day()+1, 0, 0, 0, 0, zone); d.Before(last) && len(days) < 300; d = d.AddDate(0, 0, 1) {
		days = append(days, d)
	}
	for h := sorted[len(sorted)/2].CreatedAt.Truncate(time.Hour); len(hours) < 50; h = h.Add(time.Hour) {
		hours = append(hours, h)
	}
	if len(days) < 2 {
		days = nil
	}
	return [][]time.Time{nil, days, hours}
}

// TestCountsComeFromSections wants few rows of a large project to be counted, also behind late entries.
func TestCountsComeFromSections(t *testing.T) {
	z := blocks.Sizes{BlockRows: 12, IndexableRows: 6, IndexableBytes: 4 << 10, Span: 8, Ahead: 2}
	s := open(t, t.TempDir(), Options{SealAfter: time.Hour, SealRows: 1 << 20, sizes: z})
	g := audittest.New(1, 7*time.Minute)
	for i := range 40 {
		entries := g.Entries(100)
		for n, e := range entries {
			e.Project = "acme"
			if i > 20 && n%10 == 0 {
				e.CreatedAt = e.CreatedAt.Add(-time.Duration(n*i) * time.Hour / 4)
			}
		}
		if _, err := s.Record(t.Context(), entries); err != nil {
			t.Fatal(err)
		}
		if err := s.Seal(); err != nil {
			t.Fatal(err)
		}
	}
	left := 0
	q := audit.Query{Project: "acme"}
	err := s.db.View(func(tx kv.Tx) error {
		filter := block.NewFilter(&q)
		tally := counts.NewTally(nil, 10)
		from, to := audit.Position{At: -1 << 62}, audit.Position{At: 1 << 62}
		rest, err := tally.AddSections(tx, s.mem.Projects["acme"].ID, filter, from, to, func() error { return nil })
		left = 4000 - int(tally.Stats().Total)
		t.Logf("%d of 4000 entries are left, in %v", left, rest)
		late := 0
		for k := range kv.All(tx.Bucket(format.Spans)) {
			if _, base := format.LateKeyOf(k); format.IsSection(k) && !base {
				late++
			}
		}
		if late == 0 {
			t.Error("no late entries are beside their section: the test does not see them")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if left > 4000/10 {
		t.Errorf("%d of 4000 entries are counted by row", left)
	}
	checkClean(t, s)
}

// TestCountsFindDamage changes what a section says: the check finds it.
func TestCountsFindDamage(t *testing.T) {
	z := blocks.Sizes{BlockRows: 12, IndexableRows: 6, IndexableBytes: 4 << 10, Span: 8, Ahead: 2}
	s := open(t, t.TempDir(), Options{SealAfter: time.Hour, SealRows: 1 << 20, sizes: z})
	entries := audittest.New(1, time.Minute).Entries(400)
	for _, e := range entries {
		e.Project = "acme"
	}
	if _, err := s.Record(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	checkClean(t, s)
	err := s.db.Update(func(tx kv.Tx) error {
		for k, value := range kv.All(tx.Bucket(format.Spans)) {
			if !format.IsSection(k) {
				continue
			}
			k = slices.Clone(k)
			v := new(format.SectionView)
			if err := v.Open(k, value); err != nil {
				return err
			}
			wrong := v.Section()
			wrong.Add(0, v.Group(0), 1)
			value, _ = wrong.Encode(k)
			return tx.Bucket(format.Spans).Put(k, value)
		}
		t.Fatal("there is no section")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var problems []string
	if _, err := s.Check(t.Context(), func(p string) { problems = append(problems, p) }); err != nil || len(problems) != 1 {
		t.Errorf("the check says %q, %v", problems, err)
	}
}

// TestCountsGoOnAroundDamage damages sections one by one: what they tell of is counted by row.
func TestCountsGoOnAroundDamage(t *testing.T) {
	z := blocks.Sizes{BlockRows: 12, IndexableRows: 6, IndexableBytes: 4 << 10, Span: 8, Ahead: 2}
	s := open(t, t.TempDir(), Options{SealAfter: time.Hour, SealRows: 1 << 20, sizes: z})
	g := audittest.New(1, 7*time.Minute)
	var all []*audit.Entry
	for i := range 6 {
		entries := g.Entries(150)
		for n, e := range entries {
			if e.Project = "acme"; i > 2 && n%10 == 0 {
				e.CreatedAt = e.CreatedAt.Add(-time.Duration(n*i) * time.Hour)
			}
		}
		if _, err := s.Record(t.Context(), entries); err != nil {
			t.Fatal(err)
		}
		all = append(all, entries...)
		if err := s.Seal(); err != nil {
			t.Fatal(err)
		}
	}
	var keys [][]byte
	err := s.db.View(func(tx kv.Tx) error {
		for k := range kv.All(tx.Bucket(format.Spans)) {
			if format.IsSection(k) {
				keys = append(keys, slices.Clone(k))
			}
		}
		return nil
	})
	if err != nil || len(keys) < 5 {
		t.Fatalf("%d sections, %v", len(keys), err)
	}
	for _, k := range keys {
		err := s.db.Update(func(tx kv.Tx) error {
			value := slices.Clone(tx.Bucket(format.Spans).Get(k))
			value[len(value)/2] ^= 1
			return tx.Bucket(format.Spans).Put(k, value)
		})
		if err != nil {
			t.Fatal(err)
		}
		compareCounts(t, s, all)
	}
}
