package store

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/store/block"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/kv/kvtest"
)

// layered are sizes with which entries that are scattered over a few blocks come into layers of their own.
func layered(layers int) blocks.Sizes {
	z := small()
	z.Direct, z.Layers, z.Step = 2, layers, 40
	return z
}

// openLayered opens a store with such sizes, whose sealer does nothing by itself.
func openLayered(t *testing.T, dir string, layers int) *Store {
	t.Helper()
	return openLayeredOn(t, dir, layers, new(kvtest.DB))
}

func openLayeredOn(t *testing.T, dir string, layers int, db *kvtest.DB) *Store {
	t.Helper()
	opts := Options{SealAfter: time.Hour, sizes: layered(layers)}
	var err error
	if db.DB, err = openDB(dir, opts); err != nil {
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
		e.CreatedAt = at.Add(time.Duration(draw.IntN(minutes*int(time.Minute/time.Microsecond))) * time.Microsecond)
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
	alone(t)
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
						checkDescribed(t, s, checkClean(t, s).Entries)
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

// Late entries that come faster than their layers are merged have those that are new merged first,
// and wait in the tail where there are too many, without holding up another project's.
func TestLayersThatComeFaster(t *testing.T) {
	alone(t)
	s := openLayered(t, t.TempDir(), 3)
	s.opts.sizes.Step = 8
	mustRecordAll(t, s, scattered("acme", 600, 0))
	s.step(t, true)
	draw := rand.New(rand.NewPCG(3, 4))
	n, most, nested, waited := 600, 0, 0, 0
	for round := range 60 {
		mustRecordAll(t, s, append(lateBatch(draw, 60, 600), scattered("other", 5, time.Duration(round)*time.Hour)...))
		n += 60
		s.step(t, true)
		rec := &s.mem.Projects["acme"].Rec
		most = max(most, len(rec.Late))
		if len(rec.Merging) > 1 {
			nested++
		}
		if len(s.mem.Projects["acme"].Tail) > 0 {
			waited++
		}
		if len(s.mem.Projects["other"].Tail) > 0 {
			t.Fatalf("round %d: %d entries of the other wait", round, len(s.mem.Projects["other"].Tail))
		}
		if round%10 == 9 {
			if got := len(everything(t, s, "acme")); got != n {
				t.Fatalf("round %d: %d of %d entries are there", round, got, n)
			}
			checkClean(t, s)
		}
	}
	if nested == 0 || waited == 0 || most > format.MostLayers {
		t.Errorf("%d layers at most, two merges in %d rounds, entries wait in %d", most, nested, waited)
	}
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	mergeAll(t, s)
	if got, rec := len(everything(t, s, "acme")), &s.mem.Projects["acme"].Rec; got != n || len(rec.Late) > 3 || s.Unsealed() > 0 {
		t.Errorf("%d of %d entries are there, in %d layers, %d in the tail", got, n, len(rec.Late), s.Unsealed())
	}
	checkClean(t, s)
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

// withLayers records 200 entries in order, and as many late ones, in layers.
func withLayers(t *testing.T, s *Store) {
	t.Helper()
	mustRecordAll(t, s, scattered("acme", 200, 0))
	s.step(t, true)
	draw := rand.New(rand.NewPCG(7, 8))
	for range 5 {
		mustRecordAll(t, s, lateBatch(draw, 40, 200))
		if _, err := s.sealSome(s.mem.Tail.Next()); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.mem.Projects["acme"].Rec.Late); n != 5 {
		t.Fatalf("%d layers", n)
	}
}

// mergeAll merges what there is to be merged, and returns in how many steps.
func mergeAll(t *testing.T, s *Store) (steps int) {
	t.Helper()
	for ; s.sealer.Merging() > 0; steps++ {
		if _, err := s.mergeStep(); err != nil {
			t.Fatal(err)
		}
	}
	return steps
}

// waitMerged waits until the sealer has merged what there is to be merged.
func waitMerged(s *Store) {
	for merging := 1; merging > 0; time.Sleep(time.Millisecond) {
		s.mem.Mu.RLock()
		merging = s.sealer.Merging()
		s.mem.Mu.RUnlock()
	}
}

// TestMergeFaults has each step of a merge fail and leave nothing, fail and be on disk, and be
// ended by a kill before and behind its commit: all entries are there once, and the merge goes on.
func TestMergeFaults(t *testing.T) {
	alone(t)
	sound := func(t *testing.T, s *Store) {
		t.Helper()
		if n := len(everything(t, s, "acme")); n != 400 {
			t.Fatalf("%d of 400 entries are there", n)
		}
		checkClean(t, s)
	}
	for _, how := range []string{"absent", "persisted", "killed before", "killed behind"} {
		t.Run(how, func(t *testing.T) {
			dir, steps := t.TempDir(), 0
			f, db := &faulty{err: syscall.ENOSPC}, new(kvtest.DB)
			if how == "absent" || how == "killed before" {
				db.Before = f.before
			} else {
				db.After = f.hook
			}
			s := openLayeredOn(t, dir, 3, db)
			withLayers(t, s)
			for ; s.sealer.Merging() > 0; steps++ {
				left := t.TempDir()
				if f.copy = nil; how == "killed before" || how == "killed behind" {
					f.copy = func() error { return copyFile(filepath.Join(left, FileName), filepath.Join(dir, FileName)) }
				}
				f.armed = true
				_, err := s.mergeStep()
				switch {
				case f.armed:
					f.armed = false // there was nothing to merge after all
				case f.copy != nil && err == nil:
					x := openLayered(t, left, 3)
					sound(t, x)
					mergeAll(t, x)
					sound(t, x)
				case how == "persisted" && s.Err() != nil:
					if err := s.Close(); err != nil {
						t.Fatal(err)
					}
					s = openLayeredOn(t, dir, 3, db)
				case how != "absent" || !errors.Is(err, syscall.ENOSPC):
					t.Fatal(err)
				default:
					sound(t, s)
					if _, err := s.mergeStep(); err != nil {
						t.Fatal(err)
					}
				}
				sound(t, s)
			}
			if steps < 4 || len(s.mem.Projects["acme"].Rec.Late) != 0 {
				t.Errorf("%d steps, layers are left: %v", steps, s.mem.Projects["acme"].Rec.Late)
			}
		})
	}
}

// TestDamageInLayers turns a bit in each block of each layer: a listing lacks the entries of that
// one, and names these alone. A merge that meets it leaves the layers as they are, and what else
// comes late is sealed on.
func TestDamageInLayers(t *testing.T) {
	alone(t)
	s := openLayered(t, t.TempDir(), 8)
	withLayers(t, s)
	var keys [][]byte
	seqs := make(map[string]map[int64]bool)
	turn := func(key []byte) {
		if err := s.db.Update(func(tx kv.Tx) error {
			v := bytes.Clone(tx.Bucket(format.Blocks).Get(key))
			v[len(v)-9] ^= 1
			return tx.Bucket(format.Blocks).Put(key, v)
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.db.View(func(tx kv.Tx) error {
		for k, v := range kv.All(tx.Bucket(format.Blocks)) {
			b, err := block.Open(v)
			if err != nil {
				return err
			}
			keys = append(keys, bytes.Clone(k))
			of := make(map[int64]bool)
			for row := range b.Rows() {
				of[b.EntrySeq(row)] = true
			}
			seqs[string(k)] = of
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for i, k := range keys {
		turn(k)
		s.blocks.Release()
		page, err := audittest.List(t.Context(), s, audit.Query{Project: "acme", Oldest: i%2 == 0}, audit.Paging{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		missing := make(map[int64]bool)
		for _, g := range page.Gaps {
			if g.AtMost || g.AtLeast {
				t.Errorf("block %x: missing is %s", k, &g)
			}
			for _, r := range g.Seqs {
				for seq := r.First; seq <= r.Last; seq++ {
					missing[seq] = true
				}
			}
		}
		if len(page.Entries)+len(missing) != 400 || !maps.Equal(missing, seqs[string(k)]) {
			t.Fatalf("block %x of %v: %d entries, missing are %v", k, seqs[string(k)], len(page.Entries), missing)
		}
		bySeq, err := s.AfterSeq(t.Context(), "acme", 0, 1000)
		if err == nil {
			t.Fatalf("block %x: %d entries by seq, and no word of what is missing", k, len(bySeq))
		}
		turn(k)
	}
	s.blocks.Release()
	if n := len(everything(t, s, "acme")); n != 400 {
		t.Fatalf("%d of 400 entries are there", n)
	}
	turn(keys[len(keys)-1]) // of the last layer
	draw := rand.New(rand.NewPCG(9, 10))
	for range 30 {
		mustRecordAll(t, s, lateBatch(draw, 40, 200))
		if err := s.Seal(); err != nil {
			t.Fatal(err)
		}
	}
	if s.Unsealed() > 0 || len(s.sealer.Aside()) > 0 {
		t.Errorf("%d entries stay in the tail, set aside is %v", s.Unsealed(), s.sealer.Aside())
	}
}

// TestPurgeOfLayers wants nothing to be left of a project in any layer.
func TestPurgeOfLayers(t *testing.T) {
	s := openLayered(t, t.TempDir(), 8)
	withLayers(t, s)
	if _, err := s.Delete(t.Context(), "acme", entry("acme", 0), audit.DeletionOrder{Grace: 0}); err != nil {
		t.Fatal(err)
	}
	id := s.mem.Projects["acme"].ID
	for done, steps := false, 0; !done; steps++ {
		var err error
		if done, err = s.PurgeStep(t.Context(), "acme"); err != nil {
			t.Fatal(err)
		}
		checkClean(t, s)
		if steps%2 == 0 {
			mergeAll(t, s)
		}
	}
	if err := s.db.View(func(tx kv.Tx) error {
		for _, layer := range format.LayerIDs(id) {
			for _, name := range []string{format.Blocks, format.Spans, format.Small, format.Seqs, format.Tiles} {
				for k := range kv.Prefix(tx.Bucket(name), format.ProjectPrefix(layer)) {
					t.Errorf("%s: %x is left", name, k)
				}
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	left := everything(t, s, "acme")
	if n := len(left); n != 2 || left[0].Metadata["entries"] != "400" {
		t.Errorf("%d entries are left, the newest is %s", n, left[0].AppendJSON(nil))
	}
}
