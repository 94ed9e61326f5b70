package store

import (
	"math"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/store/block"
	"auditlog/store/kv"
)

// looked returns how many blocks a filter looks into in a project.
func looked(t *testing.T, s *Store, q audit.Query) (n int) {
	t.Helper()
	q.Normalize()
	err := s.view(q.Project, func(v *view) error {
		blocks := newAllBlocks(v, block.NewFilter(&q), span{high: audit.Position{At: math.MaxInt64}})
		for ; ; n++ {
			if _, value, err := blocks.next(); err != nil || value == nil {
				return err
			}
		}
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
		n = keysIn(tx, bucketSpans) / len(spanFields())
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
	z := sizes{blockRows: 4, indexableRows: 2, indexableBytes: 1 << 20, span: 16, ahead: 2}
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
			blocks := checkClean(t, s).Blocks
			if n := looked(t, s, audit.Query{Project: "acme"}); n != blocks {
				t.Errorf("a query without a filter looks into %d of %d blocks", n, blocks)
			}
			failures := []audit.Outcome{audit.Forbidden, audit.Error}
			if n, most := spansOf(t, s), blocks/z.span+spanParts; name == "as it happened" && n > most {
				t.Errorf("%d spans for %d blocks, want at most %d", n, blocks, most)
			}
			nothing := map[string]audit.Query{
				"action": {Action: "nothing.at"}, "prefix": {Action: "nothing.*"}, "channel": {Channel: audit.ChannelMCP},
				"actor type": {ActorType: audit.ServiceAccount}, "actor": {Actor: "nobody"}, "resource": {ResourceID: "nothing"},
				"type and actor":    {ResourceType: "domain", Actor: "ada@example.com"},
				"type and outcome":  {ResourceType: "deployment", Outcomes: failures},
				"actor and outcome": {Actor: "ada@example.com", Outcomes: failures},
				"all three":         {ResourceType: "Domain", Actor: "ada@example.com", Outcomes: failures},
				"three, success":    {ResourceType: "Domain", Actor: "ada@example.com", Outcomes: audit.Outcomes()},
			}
			for what, q := range nothing {
				q.Project = "acme"
				if n := looked(t, s, q); n > 80 {
					t.Errorf("by %s: looks into %d of %d blocks", what, n, blocks)
				}
			}
			for what, q := range map[string]audit.Query{
				"prefix":    {Action: "deployment.*"},
				"all three": {ResourceType: "DOMAIN", Actor: "grace@example.com", Outcomes: failures},
			} {
				q.Project = "acme"
				if n := looked(t, s, q); n < blocks/2 {
					t.Errorf("by %s: looks into %d of %d blocks, of which at least half hold matches", what, n, blocks)
				}
			}
		})
	}
}
