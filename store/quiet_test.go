package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/fulltext"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// tellAll has followers be told of the small blocks that there are, or some of many, as if they had been
// quiet for long.
func tellAll(s *Store) error {
	s.mem.Mu.Lock()
	s.sealer.QuietIn(s.mem.BlockSeq)
	s.mem.Mu.Unlock()
	return s.tellQuiet(nil)
}

// smallBlocks returns the blocks that followers are not told of.
func smallBlocks(t testing.TB, s *Store) (keys []format.BlockKey) {
	t.Helper()
	err := s.read(func(tx kv.Tx) error {
		for k := range kv.All(tx.Bucket(format.Small)) {
			key, err := fulltext.ParseBlockKey(k)
			if err != nil {
				return err
			}
			keys = append(keys, key)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// told returns the blocks that followers are told of, and those that they are told to be gone.
func told(t testing.TB, s *Store) (there, gone []format.BlockKey) {
	t.Helper()
	changes, _, err := s.BlockChanges(0, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		if c.Deleted {
			gone = append(gone, c.Key)
		} else {
			there = append(there, c.Key)
		}
	}
	return there, gone
}

// smallScene is a log of some projects with a few entries each, which are sealed.
type smallScene struct {
	*testing.T
	*Store
	n int
}

func newSmallScene(t *testing.T, projects, many int) *smallScene {
	z := blocks.DefaultSizes()
	z.Many = many
	s := &smallScene{T: t, Store: open(t, t.TempDir(), Options{SealAfter: time.Hour, QuietAfter: time.Hour, sizes: z})}
	for i := range projects {
		s.record(fmt.Sprintf("p%02d", i), 3)
	}
	s.seal()
	return s
}

func (s *smallScene) record(project string, n int) {
	s.Helper()
	for range n {
		s.n++
		if _, err := s.Store.Record(s.Context(), []*audit.Entry{entry(project, s.n)}); err != nil {
			s.Fatal(err)
		}
	}
}

func (s *smallScene) seal() {
	s.Helper()
	if err := s.Seal(); err != nil {
		s.Fatal(err)
	}
}

func (s *smallScene) tell() {
	s.Helper()
	if err := tellAll(s.Store); err != nil {
		s.Fatal(err)
	}
}

// Followers are told of many small blocks that are quiet, and not of a few. What grows is small
// again, and leaves nothing behind.
func TestFollowersAreToldOfQuietBlocks(t *testing.T) {
	s := newSmallScene(t, 9, 10)
	list := func() (lines []string) {
		page, err := audittest.List(t.Context(), s, audit.Query{Within: audit.AllProjects()}, audit.Paging{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Entries {
			lines = append(lines, string(e.AppendJSON(nil)))
		}
		return lines
	}
	s.tell()
	if there, _ := told(t, s.Store); len(there) > 0 || len(smallBlocks(t, s.Store)) != 9 {
		t.Fatalf("told of %v, of 9 small blocks, which are not many", there)
	}
	s.record("p09", 3)
	s.seal()
	before := list()
	s.tell()
	there, gone := told(t, s.Store)
	if small := smallBlocks(t, s.Store); len(there) != 10 || len(gone) > 0 || len(small) > 0 {
		t.Fatalf("told of %d blocks, %d gone; %d are small; want 10, 0, 0", len(there), len(gone), len(small))
	}
	if !slices.Equal(list(), before) {
		t.Error("the entries are others")
	}
	checkClean(t, s.Store)

	s.record("p04", 2)
	s.seal()
	there, gone = told(t, s.Store)
	if small := smallBlocks(t, s.Store); len(there) != 9 || len(gone) > 0 || len(small) != 1 {
		t.Fatalf("after one grew: told of %d blocks, %d gone; %d are small; want 9, 0, 1", len(there), len(gone), len(small))
	}
	s.record("p05", 600)
	s.seal()
	if there, gone = told(t, s.Store); len(there) != 9 || len(gone) > 0 {
		t.Fatalf("after another became large: told of %d blocks, %d gone; want 9, 0", len(there), len(gone))
	}
	checkClean(t, s.Store)
}

// A purge tells that blocks are gone which followers were told of, however small, and those that such a
// one came into without a word.
func TestPurgeTellsOfQuietBlocks(t *testing.T) {
	s := newSmallScene(t, 3, 1)
	s.tell()
	s.record("p02", 3)
	s.seal()
	for i, project := range []string{"p01", "p02"} {
		if _, err := s.Delete(t.Context(), project, entry(project, 0), audit.DeletionOrder{Grace: 0}); err != nil {
			t.Fatal(err)
		}
		purgeAll(t, s.Store, project)
		there, gone := told(t, s.Store)
		if len(there) != 1 || len(gone) <= i {
			t.Errorf("after %s: told of %v, and %v gone", project, there, gone)
		}
	}
	checkClean(t, s.Store)
}

// A small block that is damaged keeps followers from none of the others.
func TestQuietBlockIsDamaged(t *testing.T) {
	s := newSmallScene(t, 5, 1)
	damaged := smallBlocks(t, s.Store)[2]
	err := s.db.Update(func(tx kv.Tx) error {
		return tx.Bucket(format.Blocks).Put(damaged.Append(nil), []byte("no block"))
	})
	if err != nil {
		t.Fatal(err)
	}
	s.tell()
	there, _ := told(t, s.Store)
	if small := smallBlocks(t, s.Store); len(there) != 4 || !slices.Equal(small, []format.BlockKey{damaged}) {
		t.Errorf("told of %d blocks, small are %v; want 4, and the damaged one", len(there), small)
	}
}

// The sealer tells of quiet blocks by itself, in as many steps as it takes, also of those that were there
// when the log was opened.
func TestSealerTellsOfQuietBlocks(t *testing.T) {
	z := blocks.DefaultSizes()
	z.Many = 150
	dir := t.TempDir()
	s := open(t, dir, Options{SealAfter: time.Hour, QuietAfter: time.Hour, sizes: z})
	var entries []*audit.Entry
	for i := range 300 {
		entries = append(entries, entry(fmt.Sprintf("p%03d", i), i))
	}
	if _, err := s.Record(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, Options{SealAfter: time.Hour, QuietAfter: time.Millisecond, sizes: z})
	deadline := time.Now().Add(time.Minute)
	for len(smallBlocks(t, s)) > 0 {
		if time.Now().After(deadline) {
			t.Fatalf("followers are not told of %d quiet blocks", len(smallBlocks(t, s)))
		}
		time.Sleep(5 * time.Millisecond)
	}
	checkClean(t, s)
}
