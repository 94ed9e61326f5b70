package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/store/blocks"
)

// layered are sizes with which entries that are scattered over a few blocks come into layers of their own.
func layered(layers int) blocks.Sizes {
	z := small()
	z.Direct, z.Layers = 2, layers
	return z
}

// openLayered opens a store with such sizes, whose sealer does nothing by itself.
func openLayered(t *testing.T, dir string, layers int) *Store {
	t.Helper()
	opts := Options{SealAfter: time.Hour, sizes: layered(layers)}
	db, err := openDB(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newStore(db, opts)
	if err != nil {
		t.Fatal(err)
	}
	s.done.Go(s.commitLoop)
	t.Cleanup(func() { s.Close() })
	return s
}

// lateBatch returns entries at random times of the first so many minutes.
func lateBatch(draw *rand.Rand, n, minutes int) (entries []*audit.Entry) {
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		e := entry("acme", i)
		e.CreatedAt = at.Add(time.Duration(draw.IntN(minutes * int(time.Minute/time.Microsecond))) * time.Microsecond)
		if e.Outcome = audit.Success; i%5 == 0 {
			e.Outcome, e.Key = audit.Error, fmt.Sprint(draw.Uint64())
		}
		e.Actor.Email = fmt.Sprintf("u%d@example.com", draw.IntN(40))
		entries = append(entries, e)
	}
	return entries
}

// Late entries that are scattered over many blocks come into layers, which are merged as they
// become more. After each step each entry is there once, in every way to read it, also for who
// opens the store then, and a listing goes on where its cursor is.
func TestLateEntriesComeIntoLayers(t *testing.T) {
	for _, layers := range []int{0, 3} {
		t.Run(fmt.Sprint(layers), func(t *testing.T) {
			dir := t.TempDir()
			s := openLayered(t, dir, layers)
			mustRecordAll(t, s, scattered("acme", 600, 0))
			if err := s.Seal(); err != nil {
				t.Fatal(err)
			}
			draw := rand.New(rand.NewPCG(1, uint64(layers)))
			n, most, merges, down := 600, 0, 0, 0
			for round := range 40 {
				mustRecordAll(t, s, lateBatch(draw, 60, 600))
				n += 60
				for first := true; first || s.sealer.Merging() > 0; first = false {
					before := s.mem.Projects["acme"].Rec
					if _, err := s.sealStep(s.mem.Tail.Next(), first); err != nil {
						t.Fatal(err)
					}
					rec := s.mem.Projects["acme"].Rec
					most = max(most, len(rec.Late))
					if len(rec.Late) < len(before.Late) {
						merges++
					}
					if rec.Entries > before.Entries {
						down++
					}
					if round%8 == 0 {
						if got := len(everything(t, s, "acme")); got != n {
							t.Fatalf("round %d: %d of %d entries are there", round, got, n)
						}
						checkClean(t, s)
					}
				}
				if round%7 == 6 {
					if err := s.Close(); err != nil {
						t.Fatal(err)
					}
					s = openLayered(t, dir, layers)
				}
			}
			if down < 2 || layers > 0 && (most <= layers || most > layers+2 || merges < 4) {
				t.Errorf("%d layers at most, %d merges, %d steps into the first", most, merges, down)
			}
			checkOrders(t, s, n)
			checkClean(t, s)
		})
	}
}

// checkOrders wants pages in both orders to have all of n entries in order, whatever is sealed and
// merged between them, and filters and counts to select from all layers.
func checkOrders(t *testing.T, s *Store, n int) {
	t.Helper()
	draw := rand.New(rand.NewPCG(5, 6))
	for _, oldest := range []bool{false, true} {
		q := audit.Query{Project: "acme", Oldest: oldest, To: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)}
		var all []*audit.Entry
		seen := s.LastID()
		for cursor, page := "", 0; cursor != "" || page == 0; page++ {
			p, err := audittest.List(t.Context(), s, q, audit.Paging{Limit: 97, Cursor: cursor})
			if err != nil {
				t.Fatal(err)
			}
			all, cursor = append(all, p.Entries...), p.Next
			if page%4 == 1 {
				mustRecordAll(t, s, lateBatch(draw, 60, 600))
				s.step(t, true)
			}
		}
		all = slices.DeleteFunc(all, func(e *audit.Entry) bool { return e.ID > seen })
		sorted := slices.IsSortedFunc(all, func(a, b *audit.Entry) int {
			if oldest {
				a, b = b, a
			}
			return b.Position().Compare(a.Position())
		})
		if int64(len(all)) != seen || !sorted {
			t.Errorf("oldest first: %t: %d entries of %d, in order: %t", oldest, len(all), seen, sorted)
		}
	}
	count := make(map[string]int)
	for _, e := range everything(t, s, "acme") {
		count[e.Actor.Email]++
	}
	for actor, want := range count {
		q := audit.Query{Project: "acme", Is: audit.Terms{"actor": {actor}}}
		got := 0
		if err := audittest.Export(t.Context(), s, q, func(*audit.Entry) error { got++; return nil }); err != nil {
			t.Fatal(err)
		}
		stats, err := audittest.Stats(t.Context(), s, q, audit.Counting{})
		if err != nil || got != want || stats.Total != int64(want) {
			t.Errorf("%s: %d entries, %d are listed, %d counted, %v", actor, want, got, stats.Total, err)
		}
	}
}
