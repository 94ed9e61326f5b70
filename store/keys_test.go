package store

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/store/blocks"
	"auditlog/store/commit"
	"auditlog/store/format"
	"auditlog/store/keys"
	"auditlog/store/kv"
	"auditlog/store/kv/kvtest"
)

// smallKeys makes many rows and runs of few keys.
var smallKeys = Options{
	SealAfter: time.Hour,
	sizes:     blocks.Sizes{BlockRows: 16, IndexableRows: 8, IndexableBytes: 4 << 10, Span: 4, Ahead: 2},
	keySizes:  keys.Sizes{MoveAt: 10, RowKeys: 4, StepKeys: 8, Fan: 3},
}

func keyed(project, key string) *audit.Entry {
	e := entry(project, 1)
	e.Key = key
	return e
}

// recordKeys records entries with the keys from k<from> to before k<to>, and seals them.
func recordKeys(t *testing.T, s *Store, project string, from, to int) {
	t.Helper()
	var entries []*audit.Entry
	for i := from; i < to; i++ {
		entries = append(entries, keyed(project, fmt.Sprint("k", i)))
	}
	if _, err := s.Record(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
}

func recordOne(t *testing.T, s *Store, e *audit.Entry) audit.Recorded {
	t.Helper()
	got, err := s.Record(t.Context(), []*audit.Entry{e})
	if err != nil {
		t.Fatal(err)
	}
	return got[0]
}

// Wherever keys are on their way from the tail through runs and merges, each is known, and
// no other is.
func TestKeysOnTheirWay(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, smallKeys)
	n, ids := 0, make(map[string]int64)
	for round := range 40 {
		more := 1 + round*7%23
		for _, project := range []string{"acme", "globex"} {
			recordKeys(t, s, project, n, n+more)
			for i := range more {
				ids[fmt.Sprint(project, "k", n+i)] = s.LastID() - int64(more-1-i)
			}
		}
		n += more
		if round%7 == 3 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(t, dir, smallKeys)
		}
		for i := round % 5; i < n; i += 5 {
			key := fmt.Sprint("k", i)
			if got, want := recordOne(t, s, keyed("acme", key)), (audit.Recorded{ID: ids["acme"+key], Duplicate: true}); got != want {
				t.Fatalf("round %d: %s is %+v, want %+v", round, key, got, want)
			}
			other := keyed("globex", key)
			other.Detail = "Another"
			if got, want := recordOne(t, s, other), (audit.Recorded{ID: ids["globex"+key], Conflict: true}); got != want {
				t.Fatalf("round %d: another %s is %+v, want %+v", round, key, got, want)
			}
		}
	}
	levels := 0
	for _, r := range s.mem.Projects["acme"].Rec.Keys.Runs {
		levels = max(levels, r.Level)
	}
	if runs := len(s.mem.Projects["acme"].Rec.Keys.Runs); levels < 2 || runs > 12 {
		t.Errorf("there are %d runs of up to level %d", runs, levels)
	}
	checkClean(t, s)
}

// Two keys that a run cannot tell apart are told apart by their entries.
func TestKeysOfOneHash(t *testing.T) {
	s := open(t, t.TempDir(), smallKeys)
	recordKeys(t, s, "acme", 0, 1)
	h := s.mem.Projects["acme"].Hasher
	seen := make(map[uint64]int)
	var a, b string
	for i := 0; b == ""; i++ {
		short := h.Short(fmt.Sprint("c", i))
		if j, ok := seen[short]; ok {
			a, b = fmt.Sprint("c", j), fmt.Sprint("c", i)
		}
		seen[short] = i
	}
	first := recordOne(t, s, keyed("acme", a))
	recordKeys(t, s, "acme", 1, 60)
	if n := s.mem.Projects["acme"].Keys.Sealed(); n > 10 {
		t.Fatalf("%d keys were not moved", n)
	}
	second := recordOne(t, s, keyed("acme", b))
	if second.Duplicate || second.Conflict || second.ID == first.ID {
		t.Fatalf("%q is taken for %q: %+v", b, a, second)
	}
	recordKeys(t, s, "acme", 60, 120)
	for key, want := range map[string]int64{a: first.ID, b: second.ID} {
		if got := recordOne(t, s, keyed("acme", key)); got != (audit.Recorded{ID: want, Duplicate: true}) {
			t.Errorf("%q: %+v, want a duplicate of %d", key, got, want)
		}
	}
	checkClean(t, s)
}

// A call that looked its keys up before they were moved to a run looks again.
func TestKeysMovedMeanwhile(t *testing.T) {
	s := open(t, t.TempDir(), smallKeys)
	recordKeys(t, s, "acme", 0, 1)
	late := []*audit.Entry{keyed("acme", "k5"), keyed("acme", "new")}
	sub, err := s.prepare(late)
	if err != nil {
		t.Fatal(err)
	}
	if sub.Marks, err = s.keys.Look(t.Context(), late, sub.Rows); err != nil {
		t.Fatal(err)
	}
	recordKeys(t, s, "acme", 1, 30)
	if err := s.send(t.Context(), sub); !errors.Is(err, commit.ErrMoved) {
		t.Fatalf("committed with what was known before: %+v, %v", sub.Results, err)
	}
	got, err := s.Record(t.Context(), late)
	if err != nil || !slices.Equal(got, []audit.Recorded{{ID: 6, Duplicate: true}, {ID: 31}}) {
		t.Errorf("recorded %+v, %v", got, err)
	}
	checkClean(t, s)
}

// One entry is recorded of each key, however many callers send it while others seal, move and
// merge.
func TestKeysFromMany(t *testing.T) {
	alone(t)
	opts := smallKeys
	opts.SealRows, opts.SealAfter = 16, time.Millisecond
	s := open(t, t.TempDir(), opts)
	const callers, n = 4, 300
	var wait sync.WaitGroup
	ids := make([][n]int64, callers)
	for c := range callers {
		wait.Go(func() {
			for i := range n {
				got, err := s.Record(t.Context(), []*audit.Entry{keyed("acme", fmt.Sprint("k", i)), keyed("acme", fmt.Sprint("own", c, i))})
				if err != nil || got[1].Duplicate {
					t.Errorf("%+v, %v", got, err)
					return
				}
				ids[c][i] = got[0].ID
			}
		})
	}
	wait.Wait()
	for c := range callers {
		if ids[c] != ids[0] {
			t.Errorf("caller %d was told other ids", c)
		}
	}
	p, err := s.Project("acme")
	if err != nil || p.Entries != n*(1+callers) {
		t.Errorf("%d entries, %v", p.Entries, err)
	}
	checkClean(t, s)
}

// Each commit on the way may fail, at its beginning or unknown to the writer: what was
// acknowledged is known afterwards.
func TestKeysAtEveryFailure(t *testing.T) {
	alone(t)
	for _, unknown := range []bool{false, true} {
		failed := true
		for at := 0; failed; at++ {
			failed = false
			dir := t.TempDir()
			db, commits := &kvtest.DB{}, 0
			fail := func() error {
				if commits++; commits-1 != at {
					return nil
				}
				failed = true
				return errRead
			}
			if unknown {
				db.After = fail
			} else {
				db.Before = func([]string) error { return fail() }
			}
			s := openFaulty(t, dir, smallKeys, db)
			acked := make(map[string]int64)
			for i := 0; i < 36; i += 6 {
				var batch []*audit.Entry
				for j := range 6 {
					batch = append(batch, keyed("acme", fmt.Sprint("k", i+j)))
				}
				got, err := s.Record(t.Context(), batch)
				for j, r := range got {
					if err == nil {
						acked[fmt.Sprint("k", i+j)] = r.ID
					}
				}
				_ = s.Seal()
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(t, dir, smallKeys)
			for key, id := range acked {
				if got := recordOne(t, s, keyed("acme", key)); got != (audit.Recorded{ID: id, Duplicate: true}) {
					t.Fatalf("commit %d failed, unknown %t: %s is %+v, want %d", at, unknown, key, got, id)
				}
			}
			checkClean(t, s)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A row that is damaged or missing keeps nobody from opening, and is an error to whoever needs
// it: no key is taken for new because the log cannot read it.
func TestDamagedKeys(t *testing.T) {
	for name, damage := range map[string]func(b kv.Bucket, k, v []byte) error{
		"a bit":   func(b kv.Bucket, k, v []byte) error { v[len(v)/2] ^= 1; return b.Put(k, v) },
		"missing": func(b kv.Bucket, k, _ []byte) error { return b.Delete(k) },
		"of another": func(b kv.Bucket, k, v []byte) error {
			k[len(k)-1] ^= 1
			return b.Put(k, v)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir, smallKeys)
			recordKeys(t, s, "acme", 0, 200)
			rows := 0
			err := s.db.Update(func(tx kv.Tx) error {
				b := tx.Bucket(format.Keys)
				var all [][2][]byte
				for k, v := range kv.Prefix(b, format.ProjectPrefix(s.mem.Projects["acme"].ID)) {
					all = append(all, [2][]byte{bytes.Clone(k), bytes.Clone(v)})
				}
				rows = len(all)
				for _, kv := range all {
					if err := damage(b, kv[0], kv[1]); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil || rows < 8 {
				t.Fatalf("%d rows: %v", rows, err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(t, dir, smallKeys) // which reads no row of a run
			for i := range 200 {
				got, err := s.Record(t.Context(), []*audit.Entry{keyed("acme", fmt.Sprint("k", i))})
				if !errors.Is(err, format.ErrCorrupt) {
					t.Fatalf("k%d: %+v, %v", i, got, err)
				}
			}
			if got := recordOne(t, s, entry("acme", 1)); got.ID != 201 {
				t.Errorf("an entry without a key is %+v", got)
			}
			told := 0
			if _, err := s.Check(t.Context(), func(string) { told++ }); err != nil || told < rows {
				t.Errorf("the check tells of %d rows of %d: %v", told, rows, err)
			}
		})
	}
}

// A purge takes the keys with it, wherever they are, in bounded steps.
func TestPurgedKeys(t *testing.T) {
	for n := range 10 {
		db := &kvtest.DB{}
		s := openFaulty(t, t.TempDir(), smallKeys, db)
		recordKeys(t, s, "other", 0, 5)
		for i := range 1 + n%10 {
			recordKeys(t, s, "acme", i*40, i*40+37+n)
		}
		id := s.mem.Projects["acme"].ID
		if _, err := s.Delete(t.Context(), "acme", entry("acme", 0), audit.DeletionOrder{}); err != nil {
			t.Fatal(err)
		}
		for done := false; !done; {
			before := keyRows(t, s, id)
			var err error
			if done, err = s.PurgeStep(t.Context(), "acme"); err != nil {
				t.Fatal(err)
			}
			if after := keyRows(t, s, id); before-after > 64 {
				t.Fatalf("a step deletes %d rows", before-after)
			}
			// Who records meanwhile is told that it is being purged, not that keys are missing.
			again := keyed("acme", "k1")
			if _, err := s.Record(t.Context(), []*audit.Entry{again}); !done && audit.KindOf(err) != audit.Conflict {
				t.Fatalf("recording to a project that is being purged: %v", err)
			}
		}
		if left := keyRows(t, s, id); left > 0 {
			t.Fatalf("%d rows are left", left)
		}
		if got := recordOne(t, s, keyed("acme", "k2")); got.Duplicate || got.Conflict {
			t.Errorf("a purged key is known: %+v", got)
		}
		if got := recordOne(t, s, keyed("other", "k1")); !got.Duplicate {
			t.Errorf("a key of another project went as well: %+v", got)
		}
		checkClean(t, s)
	}
}

func keyRows(t *testing.T, s *Store, id format.ProjectID) (n int) {
	t.Helper()
	err := s.read(func(tx kv.Tx) error {
		for range kv.Prefix(tx.Bucket(format.Keys), format.ProjectPrefix(id)) {
			n++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
