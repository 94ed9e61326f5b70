package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"syscall"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/store/blocks"
	"auditlog/store/check"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/kv/kvtest"
)

// faulty makes one commit of an engine fail, or copies the database as it is at that
// moment, which is what a kill leaves.
type faulty struct {
	armed bool
	err   error
	copy  func() error
}

func (f *faulty) before([]string) error { return f.hook() }

func (f *faulty) hook() error {
	if !f.armed {
		return nil
	}
	f.armed = false
	if f.copy != nil {
		return f.copy()
	}
	return f.err
}

// scene is an operation that writes, and how to tell whether it took place.
type scene struct {
	name  string
	setup func(*testing.T, *Store)
	run   func(context.Context, *Store) error
	done  func(*testing.T, *Store) bool
	purge bool // it is a step of a purge
}

func scenes() []scene {
	mustRecord := func(t *testing.T, s *Store) {
		for i := range 30 {
			if _, err := s.Record(t.Context(), []*audit.Entry{entry("acme", i), entry("globex", i)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	mustDelete := func(t *testing.T, s *Store) {
		mustRecord(t, s)
		if _, err := s.Delete(t.Context(), "acme", entry("acme", 0), audit.DeletionOrder{Grace: 0}); err != nil {
			t.Fatal(err)
		}
	}
	state := func(want audit.State) func(*testing.T, *Store) bool {
		return func(t *testing.T, s *Store) bool {
			p, err := s.Project("acme")
			if err != nil {
				t.Fatal(err)
			}
			return p.State == want
		}
	}
	all := []scene{
		{name: "record", setup: mustRecord, run: func(ctx context.Context, s *Store) error {
			e := entry("initech", 1)
			e.Key = "k"
			_, err := s.Record(ctx, []*audit.Entry{e, entry("acme", 99)})
			return err
		}, done: func(t *testing.T, s *Store) bool {
			_, err := s.Project("initech")
			return err == nil
		}},
		{name: "token", setup: mustRecord, run: func(ctx context.Context, s *Store) error {
			return s.ChangeTokens(ctx, map[string][]byte{"t": []byte("x")}, nil, entry("acme", 1))
		}, done: func(t *testing.T, s *Store) bool {
			tokens, err := s.Tokens()
			if err != nil {
				t.Fatal(err)
			}
			return len(tokens) > 0
		}},
		{name: "cursor", setup: mustRecord, run: func(ctx context.Context, s *Store) error {
			return s.SaveCursor(ctx, "siem", 7)
		}, done: func(t *testing.T, s *Store) bool {
			at, ok, err := s.Cursor("siem")
			if err != nil || ok && at != 7 {
				t.Fatal(at, err)
			}
			return ok
		}},
		{name: "delete", setup: mustRecord, run: func(ctx context.Context, s *Store) error {
			_, err := s.Delete(ctx, "acme", entry("acme", 0), audit.DeletionOrder{Grace: time.Hour})
			return err
		}, done: state(audit.Deleting)},
		{name: "restore", setup: mustDelete, run: func(ctx context.Context, s *Store) error {
			_, err := s.Restore(ctx, "acme", entry("acme", 0))
			return err
		}, done: state(audit.Active)},
		{name: "seal", setup: mustRecord, run: func(_ context.Context, s *Store) error { return s.Seal() },
			done: func(t *testing.T, s *Store) bool { return s.mem.Tail.Unsealed == 0 }},
		{name: "tell of quiet blocks", setup: func(t *testing.T, s *Store) {
			s.opts.sizes.Many = 1
			mustRecord(t, s)
			if err := s.Seal(); err != nil {
				t.Fatal(err)
			}
		}, run: func(_ context.Context, s *Store) error { return tellAll(s) },
			done: func(t *testing.T, s *Store) bool { return len(smallBlocks(t, s)) == 0 }},
	}
	return append(all, purgeScenes(mustDelete)...)
}

// purgeScenes are the steps of a purge, each with those before it done, of a project that
// was never purged and of one that was.
func purgeScenes(mustDelete func(*testing.T, *Store)) (all []scene) {
	step := func(ctx context.Context, s *Store) error {
		_, err := s.PurgeStep(ctx, "acme")
		return err
	}
	setup := func(t *testing.T, s *Store, n int) {
		mustDelete(t, s)
		for range n {
			if err := step(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
	}
	for n := range 5 {
		all = append(all,
			scene{fmt.Sprintf("purge step %d", n), func(t *testing.T, s *Store) { setup(t, s, n) }, step, nil, true},
			scene{fmt.Sprintf("step %d of a second purge", n), func(t *testing.T, s *Store) {
				setup(t, s, 0)
				purgeAll(t, s, "acme")
				setup(t, s, n)
			}, step, nil, true})
	}
	return all
}

// TestFaults goes through the matrix: each write, failed and absent, failed but
// on disk, killed before or after, and run twice; then opens again, checks, and goes on.
func TestFaults(t *testing.T) {
	alone(t)
	for _, sc := range scenes() {
		t.Run(sc.name+"/absent", func(t *testing.T) { testAbsent(t, sc) })
		t.Run(sc.name+"/persisted", func(t *testing.T) { testPersisted(t, sc) })
		t.Run(sc.name+"/killed before", func(t *testing.T) { testKilled(t, sc, false) })
		t.Run(sc.name+"/killed after", func(t *testing.T) { testKilled(t, sc, true) })
		t.Run(sc.name+"/again", func(t *testing.T) { testAgain(t, sc) })
	}
}

// stage opens a store on a faulty engine and sets a scene up.
func stage(t *testing.T, sc scene, db *kvtest.DB, f *faulty) (*Store, string) {
	dir := t.TempDir()
	s := openFaulty(t, dir, Options{SealAfter: time.Hour}, db)
	sc.setup(t, s)
	f.armed = true
	return s, dir
}

// testAbsent wants a write that failed and left nothing to be as if it was never
// tried, and the store to go on.
func testAbsent(t *testing.T, sc scene) {
	f := &faulty{err: syscall.ENOSPC}
	s, _ := stage(t, sc, &kvtest.DB{Before: f.before}, f)
	if err := sc.run(t.Context(), s); audit.KindOf(err) != audit.Unavailable || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("a write on a full disk: %v", err)
	}
	if sc.done != nil && sc.done(t, s) {
		t.Error("it failed and took place")
	}
	if err := s.Err(); err != nil {
		t.Fatalf("the store does not go on: %v", err)
	}
	if err := sc.run(t.Context(), s); err != nil {
		t.Fatalf("the second try: %v", err)
	}
	proceed(t, sc, s)
}

// testPersisted wants a store that cannot know what is on disk to stop writing,
// and the next start to find the write whole.
func testPersisted(t *testing.T, sc scene) {
	f := &faulty{err: syscall.EIO}
	s, dir := stage(t, sc, &kvtest.DB{After: f.hook}, f)
	if err := sc.run(t.Context(), s); audit.KindOf(err) != audit.Unavailable {
		t.Fatalf("a write with an unknown end: %v", err)
	}
	if s.Err() == nil {
		t.Fatal("the store goes on without knowing what is on disk")
	}
	if _, err := s.Record(t.Context(), []*audit.Entry{entry("acme", 1)}); audit.KindOf(err) != audit.Unavailable {
		t.Fatalf("recording to a broken store: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, Options{SealAfter: time.Hour})
	if sc.done != nil && !sc.done(t, s) {
		t.Error("it was on disk and is gone")
	}
	proceed(t, sc, s)
}

func testKilled(t *testing.T, sc scene, committed bool) {
	left := t.TempDir()
	f := &faulty{}
	db := &kvtest.DB{Before: f.before}
	if committed {
		db = &kvtest.DB{After: f.hook}
	}
	s, dir := stage(t, sc, db, f)
	f.copy = func() error { return copyFile(filepath.Join(left, FileName), filepath.Join(dir, FileName)) }
	if err := sc.run(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if f.armed {
		t.Fatal("it never wrote")
	}
	s = open(t, left, Options{SealAfter: time.Hour})
	if sc.done != nil && sc.done(t, s) != committed {
		t.Errorf("committed: %t, done: %t", committed, sc.done(t, s))
	}
	proceed(t, sc, s)
}

// testAgain wants a write that an engine runs twice to take place once.
func testAgain(t *testing.T, sc scene) {
	s, dir := stage(t, sc, &kvtest.DB{Again: true}, &faulty{})
	if err := sc.run(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if sc.done != nil && !sc.done(t, s) {
		t.Error("it did not take place")
	}
	checkClean(t, s)
	all := func() (all []*audit.Entry) {
		for _, p := range s.Projects() {
			page, err := audittest.List(t.Context(), s, audit.Query{Project: p.Name}, audit.Paging{Limit: 1000})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, page.Entries...)
		}
		return all
	}
	before := all()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, Options{SealAfter: time.Hour})
	after := all()
	if len(after) != len(before) {
		t.Fatalf("%d entries, %d before it was opened again", len(after), len(before))
	}
	for i := range after {
		if !reflect.DeepEqual(after[i], before[i]) {
			t.Fatalf("opened again it holds\n%+v\nand before\n%+v", after[i], before[i])
		}
	}
	proceed(t, sc, s)
}

// proceed uses a store after a fault: it checks, finishes a purge that was under
// way, records and seals, and checks again.
func proceed(t *testing.T, sc scene, s *Store) {
	t.Helper()
	checkClean(t, s)
	if p, err := s.Project("acme"); err == nil && slices.Contains([]audit.State{audit.Deleting, audit.Purging}, p.State) && sc.purge {
		for done := false; !done; {
			if done, err = s.PurgeStep(t.Context(), "acme"); err != nil {
				t.Fatal(err)
			}
		}
		checkClean(t, s)
		page, err := audittest.List(t.Context(), s, audit.Query{Project: "acme"}, audit.Paging{})
		if err != nil || len(page.Entries) == 0 || len(page.Entries)%2 != 0 {
			t.Fatalf("after the purge: %+v, %v", page, err)
		}
		for i, e := range slices.Backward(page.Entries) { // pairs, each 32 seqs behind the one before
			at := len(page.Entries) - 1 - i
			if want := int64(at/2*32 + 31 + at%2); e.Seq != want || at%2 == 1 && (e.Action != format.ActionPurge || e.Metadata["entries"] != "30") {
				t.Fatalf("after the purge, entry %d is %s, want seq %d", at, e.AppendJSON(nil), want)
			}
		}
	}
	before := s.LastID()
	got, err := s.Record(t.Context(), []*audit.Entry{entry("hooli", 1), entry("hooli", 2)})
	if err != nil || got[0].ID != before+1 || got[1].ID != before+2 {
		t.Fatalf("recorded %v behind %d: %v", got, before, err)
	}
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	checkClean(t, s)
}

// What a seal that failed had in mind is not in the cache afterwards.
func TestFailedSealIsNotCached(t *testing.T) {
	f := &faulty{err: syscall.ENOSPC}
	s := openFaulty(t, t.TempDir(), Options{SealAfter: time.Hour,
		sizes: blocks.Sizes{BlockRows: 4, IndexableRows: 2, IndexableBytes: 1 << 20, Span: 4, Ahead: 1}}, &kvtest.DB{Before: f.before})
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	rec := func(from, to int) {
		for i := from; i < to; i += 2 {
			e := entry("acme", i)
			e.CreatedAt = at.Add(time.Duration(i) * time.Second)
			if _, err := s.Record(t.Context(), []*audit.Entry{e}); err != nil {
				t.Fatal(err)
			}
		}
	}
	rec(0, 60)
	f.armed = true
	if err := s.Seal(); err == nil {
		t.Fatal("the seal did not fail")
	}
	rec(1, 60)
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	page, err := audittest.List(t.Context(), s, audit.Query{Project: "acme"}, audit.Paging{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range page.Entries {
		if want := at.Add(time.Duration(59-i) * time.Second); !e.CreatedAt.Equal(want) {
			t.Fatalf("entry %d of the page is of %v, want %v", i, e.CreatedAt, want)
		}
	}
}

func checkClean(t testing.TB, s *Store) check.Summary {
	t.Helper()
	sum, err := s.Check(context.Background(), func(problem string) { t.Error("check: " + problem) })
	if err != nil {
		t.Fatal(err)
	}
	checkMemory(t, s)
	return sum
}

// checkMemory compares the projects in memory with those on disk.
func checkMemory(t testing.TB, s *Store) {
	t.Helper()
	s.writing.Lock()
	defer s.writing.Unlock()
	err := s.read(func(tx kv.Tx) error {
		projects := tx.Bucket(format.Projects)
		for name, p := range s.mem.Projects {
			rec, err := p.Rec.Encode()
			if stored := projects.Get([]byte(name)); err != nil || !bytes.Equal(rec, stored) || s.mem.ByID[p.ID] != p {
				t.Errorf("project %s is\n%s\nin memory, on disk\n%s", name, rec, stored)
			}
		}
		if n, m := keysIn(tx, format.Projects), len(s.mem.Projects); n != m || len(s.mem.ByID) != m {
			t.Errorf("%d projects on disk, %d in memory, %d by number", n, m, len(s.mem.ByID))
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
