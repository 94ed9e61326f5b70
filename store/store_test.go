package store

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/kv/kvtest"
	"auditlog/store/upgrade"
)

// alone skips a test in which nothing happens at once in the short form, which is there for the race
// detector: it takes long under that, which has nothing to see.
func alone(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("nothing happens at once: it runs in the long form")
	}
}

func open(t testing.TB, dir string, opts Options) *Store {
	t.Helper()
	s, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// openFaulty opens a store on an engine that does as db says.
func openFaulty(t testing.TB, dir string, opts Options, db *kvtest.DB) *Store {
	t.Helper()
	var err error
	if db.DB, err = openDB(dir, opts); err != nil {
		t.Fatal(err)
	}
	s, err := New(db, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func entry(project string, i int) *audit.Entry {
	return &audit.Entry{
		Project: project, Actor: audit.Actor{Email: "ada@example.com"}, Action: "deployment.deploy",
		Resource: audit.Resource{Type: "Deployment", Name: fmt.Sprintf("web-%d", i)}, Outcome: audit.Success,
		Detail: fmt.Sprintf("Deployed revision %d", i),
	}
}

func TestRecordListReopen(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	for i := range 10 {
		if _, err := s.Record(t.Context(), []*audit.Entry{entry("acme", 2*i), entry("acme", 2*i+1)}); err != nil {
			t.Fatal(err)
		}
	}
	from := time.Now().Add(-time.Hour)
	check := func() {
		t.Helper()
		p := audit.Paging{Limit: 7}
		var ids []int64
		for {
			page, err := audittest.List(t.Context(), s, audit.Query{Project: "acme", From: from}, p)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page.Entries {
				ids = append(ids, e.ID)
			}
			if page.Next == "" {
				break
			}
			p.Cursor = page.Next
		}
		if len(ids) != 20 || ids[0] != 20 || ids[19] != 1 {
			t.Fatalf("listed %v", ids)
		}
	}
	check()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, Options{})
	check()
	if _, err := Open(dir, Options{}); audit.KindOf(err) != audit.Conflict {
		t.Fatalf("a second opener got %v", err)
	}
}

// TestClockJumps records under a clock that jumps ahead and back: each entry has
// the time that the clock showed, ids go on, and the listing is by time.
func TestClockJumps(t *testing.T) {
	now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	s := open(t, t.TempDir(), Options{Now: func() time.Time { return now }})
	want := map[int64]time.Time{}
	for i, jump := range []time.Duration{0, 4 * 365 * 24 * time.Hour, -4*365*24*time.Hour + time.Second, -time.Hour, 2 * time.Hour} {
		now = now.Add(jump)
		got, err := s.Record(t.Context(), []*audit.Entry{entry("acme", i)})
		if err != nil || got[0].ID != int64(i+1) {
			t.Fatalf("recorded %v: %v", got, err)
		}
		want[got[0].ID] = now
		if err := s.Seal(); err != nil {
			t.Fatal(err)
		}
	}
	page, err := audittest.List(t.Context(), s, audit.Query{Project: "acme"}, audit.Paging{})
	if err != nil || len(page.Entries) != len(want) {
		t.Fatalf("listed %d: %v", len(page.Entries), err)
	}
	for i, e := range page.Entries {
		if !e.CreatedAt.Equal(want[e.ID]) || !e.RecordedAt.Equal(want[e.ID]) {
			t.Errorf("entry %d is of %v, recorded at %v, want %v", e.ID, e.CreatedAt, e.RecordedAt, want[e.ID])
		}
		if i > 0 && page.Entries[i-1].CreatedAt.Before(e.CreatedAt) {
			t.Errorf("entry %d is out of order", e.ID)
		}
	}
	checkClean(t, s)
}

// TestOtherFormats wants databases of other versions to be left alone.
func TestOtherFormats(t *testing.T) {
	for version, advice := range map[uint64]string{format.Version + 1: "newer auditlog", upgrade.First - 1: "the auditlog that wrote it"} {
		dir := t.TempDir()
		s := open(t, dir, Options{})
		err := s.db.Update(func(tx kv.Tx) error { return tx.Bucket(format.Meta).Put(format.MetaFormat, format.Uint64(version)) })
		if err != nil {
			t.Fatal(err)
		}
		if err := s.db.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, Options{}); audit.KindOf(err) != audit.Conflict || !strings.Contains(err.Error(), advice) {
			t.Errorf("opening a database of format %d: %v", version, err)
		}
	}
}

// TestDamagedBlock turns a byte over in a sealed block: a listing names what is missing, who
// reads an entry of it gets an error that names the block and the file, and the check reports it.
func TestDamagedBlock(t *testing.T) {
	s := open(t, t.TempDir(), Options{SealAfter: time.Hour})
	if _, err := s.Record(t.Context(), []*audit.Entry{entry("acme", 1), entry("globex", 1)}); err != nil {
		t.Fatal(err)
	}
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	err := s.db.Update(func(tx kv.Tx) error {
		b := tx.Bucket(format.Blocks)
		k, v := b.Cursor().First()
		v = bytes.Clone(v)
		v[len(v)/2] ^= 4
		return b.Put(bytes.Clone(k), v)
	})
	if err != nil {
		t.Fatal(err)
	}
	page, err := audittest.List(t.Context(), s, audit.Query{Project: "acme"}, audit.Paging{})
	if err != nil || len(page.Entries) != 0 || len(page.Gaps) != 1 || page.Gaps[0].Entries != 1 {
		t.Errorf("listing a damaged block: %v, %v", page, err)
	}
	st, err := audittest.Stats(t.Context(), s, audit.Query{Project: "acme"}, audit.Counting{})
	if err != nil || st.Total != 0 || len(st.Gaps) != 1 {
		t.Errorf("counting a damaged block: %v, %v", st, err)
	}
	var part *audit.Incomplete
	err = audittest.Export(t.Context(), s, audit.Query{Project: "acme"}, func(*audit.Entry) error { return nil })
	if !errors.As(err, &part) || !strings.Contains(err.Error(), "1 entries of project acme cannot be read, ids 1 to 1, seqs 1 to 1") {
		t.Errorf("exporting a damaged block: %v", err)
	}
	_, err = s.Get(t.Context(), "acme", 1)
	if !errors.Is(err, format.ErrCorrupt) || !strings.Contains(err.Error(), "block 1/") || !strings.Contains(err.Error(), s.Path()) {
		t.Errorf("reading a damaged block: %v", err)
	}
	if page, err := audittest.List(t.Context(), s, audit.Query{Project: "globex"}, audit.Paging{}); err != nil || len(page.Entries) != 1 {
		t.Errorf("the project beside it: %v, %v", page, err)
	}
	var problems []string
	sum, err := s.Check(t.Context(), func(p string) { problems = append(problems, p) })
	if err != nil || sum.Problems == 0 || !strings.Contains(strings.Join(problems, "\n"), "block 1/") {
		t.Errorf("the check reports %q: %v", problems, err)
	}
}

func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	if _, err := s.Record(t.Context(), []*audit.Entry{entry("acme", 1)}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := OpenReadOnly(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if page, err := audittest.List(t.Context(), r, audit.Query{Project: "acme"}, audit.Paging{}); err != nil || len(page.Entries) != 1 {
		t.Errorf("listed %v: %v", page, err)
	}
	if _, err := r.Record(t.Context(), []*audit.Entry{entry("acme", 2)}); audit.KindOf(err) != audit.Unavailable {
		t.Errorf("recording to a store open for reading: %v", err)
	}
	if err := r.Seal(); audit.KindOf(err) != audit.Unavailable {
		t.Errorf("sealing a store open for reading: %v", err)
	}
	checkClean(t, r)
}

// TestBlockTurnsSmall has a block cut into two that are too small for followers to
// be told of: they are told that the first one is gone, though its key is not.
func TestBlockTurnsSmall(t *testing.T) {
	s := open(t, t.TempDir(), Options{SealAfter: time.Hour, sizes: blocks.Sizes{BlockRows: 4, IndexableRows: 4, IndexableBytes: 1 << 20, Span: 4, Ahead: 2}})
	record := func(minutes ...int) {
		t.Helper()
		for _, i := range minutes {
			e := entry("acme", i)
			e.CreatedAt = time.Date(2026, 5, 4, 8, i, 0, 0, time.UTC)
			if _, err := s.Record(t.Context(), []*audit.Entry{e}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Seal(); err != nil {
			t.Fatal(err)
		}
	}
	record(10, 20, 30, 40)
	record(50, 60, 70, 80)
	record(25)
	changes, _, err := s.BlockChanges(0, 100)
	if err != nil {
		t.Fatal(err)
	}
	if len(changes) != 2 || changes[0].Deleted || !changes[1].Deleted || !changes[1].Merged {
		t.Errorf("changes %v, want the second block, and that the first was merged into it", changes)
	}
}
