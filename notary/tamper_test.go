package notary

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/proof"
	"auditlog/store"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/kv/boltkv"
)

// history is what was recorded to a log, to be recorded again with something changed in it.
type history struct {
	seed    uint64
	entries []*audit.Entry
}

func newHistory(seed uint64) *history {
	h := &history{seed: seed}
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range 900 {
		h.entries = append(h.entries, entry([]string{"acme", "globex"}[r.IntN(2)], i))
	}
	return h
}

// forgeries change a history at some place, each in another way. An owner who rewrites the log
// does what they do, everything else being as it was: secrets, keys, times and checksums.
var forgeries = map[string]func(h *history, at int){
	"an entry changed": func(h *history, at int) { h.entries[at].Actor.Email = "mallory@example.com" },
	"one removed":      func(h *history, at int) { h.entries = slices.Delete(h.entries, at, at+1) },
	"one inserted":     func(h *history, at int) { h.entries = slices.Insert(h.entries, at, entry(h.entries[at].Project, -1)) },
	"two swapped": func(h *history, at int) {
		for next := at + 1; next < len(h.entries); next++ {
			if h.entries[next].Project == h.entries[at].Project {
				h.entries[at], h.entries[next] = h.entries[next], h.entries[at]
				return
			}
		}
		h.entries[at].Detail = "changed" // there is no other
	},
	"the end cut off": func(h *history, at int) { h.entries = h.entries[:at] },
}

// record records h into a new log, some of it sealed, and makes heads on the way if there is a
// notary for it.
func (h *history) record(t *testing.T, dir string, key *proof.Key) *bench {
	t.Helper()
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	random := func() *rand.ChaCha8 { return rand.NewChaCha8([32]byte{byte(h.seed)}) }
	s, err := store.Open(dir, store.Options{SealAfter: time.Hour, Rand: random(), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{TB: t, Store: s, dir: dir}
	if key != nil {
		b.key = *key
		b.n, err = New(s, *key, Options{Rand: random(), Now: func() time.Time { return now }})
		b.must(err)
	}
	for i := 0; i < len(h.entries); i += 50 {
		now = now.Add(time.Second)
		_, err := s.Record(t.Context(), h.entries[i:min(len(h.entries), i+50)])
		b.must(err)
		if i == 600 {
			b.must(s.Seal())
		}
		if key != nil && i%200 == 0 {
			b.head()
		}
	}
	if key != nil {
		b.head()
	}
	return b
}

// raw opens the database of a log that is closed.
func raw(t *testing.T, dir string) kv.DB {
	t.Helper()
	db, err := boltkv.Open(filepath.Join(dir, store.FileName), boltkv.Options{Rising: format.Rising(), Summed: format.Summed()})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// trees are what a forger without the key leaves as they are.
var treeBuckets = []string{format.Tiles, format.Heads, format.Master}

// graft puts trees and checkpoint of one database into another.
func graft(t *testing.T, from, to string) {
	t.Helper()
	src, dst := raw(t, from), raw(t, to)
	err := src.View(func(in kv.Tx) error {
		return dst.Update(func(out kv.Tx) error {
			var errs []error
			put := func(bucket string, k, v []byte) {
				errs = append(errs, out.Bucket(bucket).Put(slices.Clone(k), slices.Clone(v)))
			}
			for _, bucket := range treeBuckets {
				for k, v := range kv.All(in.Bucket(bucket)) {
					put(bucket, k, v)
				}
			}
			for _, k := range [][]byte{format.MetaProofs, format.MetaCheckpoint} {
				put(format.Meta, k, in.Bucket(format.Meta).Get(k))
			}
			return errors.Join(errs...)
		})
	})
	if err := errors.Join(err, src.Close(), dst.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestTampering forges histories at random places: check finds it where the trees are as they
// were, and where the forger has the key and makes them anew, no proof leads from an earlier
// checkpoint to what he signs.
func TestTampering(t *testing.T) {
	key := testKey(t)
	rounds := 3
	if testing.Short() {
		rounds = 1
	}
	for round := range rounds {
		seed := rand.Uint64()
		honest := newHistory(seed).record(t, t.TempDir(), &key)
		honest.check()
		kept := map[string]proof.Checkpoint{"acme": honest.project("acme", 1), "globex": honest.project("globex", 1)}
		master := honest.master()
		honest.must(honest.Close())
		for name, forge := range forgeries {
			at := rand.IntN(890)
			t.Run(fmt.Sprintf("%d/%s", round, name), func(t *testing.T) {
				t.Logf("seed %d, place %d", seed, at)
				forged := newHistory(seed)
				project := forged.entries[at].Project
				forge(forged, at)
				foundByCheck(t, forged, honest.dir)
				again := newHistory(seed)
				forge(again, at)
				// What he adds later makes no difference.
				for i := range 200 {
					again.entries = append(again.entries, entry(project, 1000+i))
				}
				b := again.record(t, t.TempDir(), &key)
				defer b.Close()
				b.refuted(project, kept[project], master)
			})
		}
	}
}

// foundByCheck wants check to find a forged history under honest trees.
func foundByCheck(t *testing.T, forged *history, honest string) {
	t.Helper()
	dir := t.TempDir()
	forged.record(t, dir, nil).Close()
	graft(t, honest, dir)
	problems := 0
	sum, err := store.Check(t.Context(), dir, func(string) { problems++ })
	if err != nil || problems == 0 || sum.Problems == 0 {
		t.Errorf("check found %d problems: %v", problems, err)
	}
}

// refuted wants no proof to lead from a checkpoint that somebody kept to one of b.
func (b *bench) refuted(project string, kept, master proof.Checkpoint) {
	b.Helper()
	h, err := b.History(project)
	b.must(err)
	c := b.project(project, 1)
	hashes, err := b.n.tree(b.Context(), &h, c.Size).Consistency(min(kept.Size, c.Size))
	b.must(err)
	if proof.CheckConsistency(hashes, c, kept) == nil {
		b.Errorf("%+v continues %+v", c, kept)
	}
	now := b.master()
	hashes, err = b.n.Consistency(master.Size, now.Size)
	if err == nil && proof.CheckConsistency(hashes, now, master) == nil {
		b.Errorf("master: %+v continues %+v", now, master)
	}
}
