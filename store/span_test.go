package store

import (
	"math"
	"strconv"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/store/block"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// looked returns how many blocks a filter looks into in a project, newest or oldest first.
func looked(t *testing.T, s *Store, q audit.Query) (n int) {
	t.Helper()
	q.Normalize()
	ways := []blocks.Way{{From: audit.Position{At: math.MaxInt64}}, {From: audit.Position{At: math.MinInt64}, Oldest: true}}
	err := s.read(func(tx kv.Tx) error {
		p := s.mem.Projects[q.Project]
		for _, way := range ways {
			in := 0
			for id, l := range p.Rec.Layers() {
				source := blocks.All(tx, id, &l.Extent, block.NewFilter(&q), way)
				_, value, err := source.Next()
				for ; err == nil && value != nil; _, value, err = source.Next() {
					in++
				}
				if err != nil {
					return err
				}
			}
			n = max(n, in)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// keysIn returns how many keys a bucket has.
func keysIn(tx kv.Tx, bucket string) (n int) {
	for range kv.All(tx.Bucket(bucket)) {
		n++
	}
	return n
}

// spansOf returns how many spans there are.
func spansOf(t *testing.T, s *Store) (n int) {
	t.Helper()
	err := s.read(func(tx kv.Tx) error {
		for k := range kv.All(tx.Bucket(format.Spans)) {
			if !format.IsSection(k) {
				n++
			}
		}
		n /= len(format.SpanFields())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestSpansInAnyOrder imports years of history before, between and behind what is
// there: a filter that matches nothing looks into a few blocks whatever the order.
func TestSpansInAnyOrder(t *testing.T) {
	alone(t)
	z := blocks.Sizes{BlockRows: 4, IndexableRows: 2, IndexableBytes: 1 << 20, Span: 16, Ahead: 2}
	orders := map[string]func(i int) int{
		"as it happened":    func(i int) int { return i },
		"backwards":         func(i int) int { return -i },
		"before what is":    func(i int) int { return i - 10000 },
		"now and then":      func(i int) int { return (i%2)*5000 + i },
		"into one place":    func(i int) int { return min(i, 200)*1000 - i },
		"here and there":    func(i int) int { return i * 7919 % 10007 },
		"backwards batches": func(i int) int { return -i/40*1000 + i },
	}
	for name, at := range orders {
		t.Run(name, func(t *testing.T) {
			s := open(t, t.TempDir(), Options{SealAfter: time.Hour, sizes: z})
			start := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
			for i := 0; i < 2000; i += 40 {
				var batch []*audit.Entry
				for k := range 40 {
					e := entry("acme", i+k)
					if k%2 == 1 {
						e.Actor.Email, e.Resource.Type, e.Outcome = "grace@example.com", "Domain", audit.Forbidden
					}
					e.CreatedAt = start.Add(time.Duration(at(i+k)) * time.Second)
					if name == "before what is" && i < 120 {
						e.CreatedAt = start.Add(time.Duration(i+k) * time.Second)
					}
					batch = append(batch, e)
				}
				if _, err := s.Record(t.Context(), batch); err != nil {
					t.Fatal(err)
				}
				if err := s.Seal(); err != nil {
					t.Fatal(err)
				}
			}
			waitMerged(s)
			blocks := checkClean(t, s).Blocks
			if n := looked(t, s, audit.Query{Project: "acme"}); n != blocks {
				t.Errorf("a query without a filter looks into %d of %d blocks", n, blocks)
			}
			failures := []string{"error", "forbidden"}
			if n, most := spansOf(t, s), blocks/z.Span+4; name == "as it happened" && n > most {
				t.Errorf("%d spans for %d blocks, want at most %d", n, blocks, most)
			}
			nothing := map[string]audit.Query{
				"action": {Is: audit.Terms{"action": {"nothing.at"}}}, "prefix": {Is: audit.Terms{"action": {"nothing.*"}}}, "channel": {Is: audit.Terms{"channel": {string(audit.ChannelMCP)}}},
				"actor type": {Is: audit.Terms{"actorType": {string(audit.ServiceAccount)}}}, "actor": {Is: audit.Terms{"actor": {"nobody"}}}, "resource": {Is: audit.Terms{"resourceId": {"nothing"}}},
				"type and actor":    {Is: audit.Terms{"resourceType": {"domain"}, "actor": {"ada@example.com"}}},
				"type and outcome":  {Is: audit.Terms{"resourceType": {"deployment"}, "outcome": failures}},
				"actor and outcome": {Is: audit.Terms{"actor": {"ada@example.com"}, "outcome": failures}},
				"all three":         {Is: audit.Terms{"resourceType": {"Domain"}, "actor": {"ada@example.com"}, "outcome": failures}},
				"three, success":    {Is: audit.Terms{"resourceType": {"Domain"}, "actor": {"ada@example.com"}, "outcome": {"success", "forbidden", "error"}}},
			}
			for what, q := range nothing {
				q.Project = "acme"
				if n := looked(t, s, q); n > 80 {
					t.Errorf("by %s: looks into %d of %d blocks", what, n, blocks)
				}
			}
			for what, q := range map[string]audit.Query{
				"prefix":    {Is: audit.Terms{"action": {"deployment.*"}}},
				"all three": {Is: audit.Terms{"resourceType": {"DOMAIN"}, "actor": {"grace@example.com"}, "outcome": failures}},
			} {
				q.Project = "acme"
				if n := looked(t, s, q); n < blocks/2 {
					t.Errorf("by %s: looks into %d of %d blocks, of which at least half hold matches", what, n, blocks)
				}
			}
		})
	}
}

// A seal that cuts the last span anew and makes another behind it keeps the two apart.
func TestCutAndGrowInOneSeal(t *testing.T) {
	s := open(t, t.TempDir(), Options{SealAfter: time.Hour,
		sizes: blocks.Sizes{BlockRows: 4, IndexableRows: 2, IndexableBytes: 1 << 20, Span: 8, Ahead: 1}})
	start := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	n := 0
	record := func(from, to, step time.Duration) {
		var batch []*audit.Entry
		for at := from; at < to; at += step {
			e := entry("acme", n)
			e.Resource.ID = strconv.Itoa(n)
			e.CreatedAt = start.Add(at)
			batch = append(batch, e)
			n++
		}
		if _, err := s.Record(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	record(0, 32*time.Minute, time.Minute)
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	record(time.Second, 23*time.Minute, 20*time.Second) // into what spans tell of
	record(2*time.Hour, 3*time.Hour, time.Minute)       // behind it
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	record(10*time.Second, 23*time.Minute, 2*time.Minute) // into several of the new ones
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	checkClean(t, s)
	for id := range n {
		q := audit.Query{Project: "acme", Is: audit.Terms{"resourceId": {strconv.Itoa(id)}}}
		if page, err := audittest.List(t.Context(), s, q, audit.Paging{}); err != nil || len(page.Entries) != 1 {
			t.Fatalf("resource %d: %d entries, %v", id, len(page.Entries), err)
		}
	}
}
