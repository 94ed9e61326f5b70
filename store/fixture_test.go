package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/auth"
	"auditlog/auth/rights"
	"auditlog/notary"
	"auditlog/proof"
	"auditlog/store/block"
	"auditlog/store/block/column"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/trees"
)

// Fixtures are databases as a released version wrote them, and beside each what is in it.
// Every later version reads them: a codec of which the tests are only round trips has none.
// They are never made again once their format was released; before that
//
//	rm -r store/testdata/format4 && go test ./store -run TestFixtures -fixtures
var makeFixtures = flag.Bool("fixtures", false, "make the fixtures of this format; none is overwritten")

// fixtures are the databases of the format of now, and how each is made.
var fixtures = map[string]func(*fixture){
	"fresh":   func(*fixture) {},
	"tail":    (*fixture).tail,
	"columns": (*fixture).columns,
	"purging": (*fixture).purging,
	"purged":  (*fixture).purged,
	"tokens":  (*fixture).tokens,
	"proved":  (*fixture).proved,
	"layers":  (*fixture).layers,
}

// fixture is a database while it is made, with a clock and secrets that are the same each
// time.
type fixture struct {
	*testing.T
	*Store
	now time.Time
}

func (f *fixture) record(entries ...*audit.Entry) {
	f.Helper()
	f.now = f.now.Add(time.Second)
	for _, e := range entries {
		e.RecordedBy = "0f3KxQ9Z"
	}
	if _, err := f.Record(f.Context(), entries); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// tail leaves entries of several projects in the tail, others in blocks: alone and in
// batches, packed and not, with keys and with times of their own.
func (f *fixture) tail() {
	for i := range 12 {
		f.record(entry("acme", i), entry("globex", i))
	}
	f.must(f.Seal())
	for _, e := range f.parts() {
		f.record(e)
	}
	var batch []*audit.Entry
	for i := range 60 {
		e := entry([]string{"acme", "globex", "new"}[i%3], i)
		e.Key = fmt.Sprintf("k-%d", i)
		batch = append(batch, e)
	}
	f.record(batch...)
	f.record(entry("acme", 99))
	f.must(f.SaveCursor(f.Context(), "siem", 40))
}

// parts returns entries with one optional part each, and one with all of them.
func (f *fixture) parts() (entries []*audit.Entry) {
	parts := []func(*audit.Entry){
		func(e *audit.Entry) { e.Actor.Type = audit.ServiceAccount },
		func(e *audit.Entry) { e.CreatedAt = f.now.Add(-time.Hour) },
		func(e *audit.Entry) { e.Actor.Label = "claude-code:pr-42" },
		func(e *audit.Entry) { e.Request = audit.Request{IP: "::1", UserAgent: "curl/8", ID: "r-1"} },
		func(e *audit.Entry) {
			e.Changes = []audit.Change{{Field: "replicas", Old: "2", New: "4"}, {Field: "image"}}
		},
		func(e *audit.Entry) { e.Metadata = map[string]string{"commit": "6f1d0c2", "branch": ""} },
		func(e *audit.Entry) { e.Key = "evt-0c1f" },
		func(e *audit.Entry) { e.Outcome, e.Channel = audit.Forbidden, audit.ChannelAPI },
		func(e *audit.Entry) { e.Outcome, e.Channel = audit.Error, audit.ChannelConsole },
		func(e *audit.Entry) { e.Channel = audit.ChannelCLI },
		func(e *audit.Entry) { e.Channel = audit.ChannelMCP },
	}
	all := entry("acme", 0)
	for i, part := range parts {
		e := entry("acme", i)
		part(e)
		part(all)
		entries = append(entries, e)
	}
	all.Key = "evt-all"
	return append(entries, all)
}

// columns has the entries of which package block pins blocks, and so each way in which one
// stores something.
func (f *fixture) columns() {
	files, err := filepath.Glob("block/testdata/*.jsonl")
	if err != nil || len(files) < 5 {
		f.Fatalf("%d files of entries: %v", len(files), err)
	}
	for _, file := range files {
		project := strings.TrimSuffix(filepath.Base(file), ".jsonl")
		if project == "strange" {
			continue // in which hardly an entry is one that may be recorded
		}
		data, err := os.ReadFile(file)
		f.must(err)
		var entries []*audit.Entry
		for line := range bytes.Lines(data) {
			e := &audit.Entry{}
			f.must(json.Unmarshal(line, e))
			e.Project = project
			if e.Resource.Type == "" {
				e.Resource.Type = "Job"
			}
			entries = append(entries, e)
		}
		if project == "late" { // by when they came, not by when they happened
			slices.SortStableFunc(entries, func(a, b *audit.Entry) int { return int(a.ID - b.ID) })
		}
		f.record(entries...)
		f.must(f.Seal())
	}
}

// layers has late entries in layers of their own, and more of them in the tail.
func (f *fixture) layers() {
	f.opts.sizes.BlockRows = 16
	began := f.now.AddDate(0, 0, -1)
	record := func(n int, every time.Duration) {
		var batch []*audit.Entry
		for i := range n {
			e := entry("acme", i)
			if e.CreatedAt = began.Add(time.Duration(i) * every); i%10 == 0 {
				e.Key = fmt.Sprint(every, i)
			}
			batch = append(batch, e)
		}
		f.record(batch...)
	}
	record(420, 10*time.Second)
	f.must(f.Seal())
	for i := range 3 {
		record(30+10*i, 80*time.Second+time.Duration(i)*time.Second)
		f.must(f.Seal())
	}
	if n := len(f.mem.Projects["acme"].Rec.Late); n != 3 {
		f.Fatalf("%d layers", n)
	}
	record(5, time.Minute)
}

func (f *fixture) delete(project string) {
	f.now = f.now.Add(time.Second)
	e := entry(project, 0)
	e.Action, e.Resource = "project.delete", audit.Resource{Type: "Project", ID: project, Name: project}
	e.Metadata = map[string]string{"token": "0f3KxQ9Z", "tokenCreatedBy": "root@example.com"}
	_, err := f.Delete(f.Context(), project, e, audit.DeletionOrder{})
	f.must(err)
}

func (f *fixture) purge(project string, steps int) {
	f.now = f.now.Add(time.Second)
	for range steps {
		done, err := f.PurgeStep(f.Context(), project)
		f.must(err)
		if done {
			return
		}
	}
}

// purging leaves three projects in the middle of a purge: just closed, with blocks, and
// the last with hardly more than what stays.
func (f *fixture) purging() {
	for i, project := range []string{"closed", "half", "nearly"} {
		for n := range 30 {
			e := entry(project, n)
			e.Key = fmt.Sprint(n)
			f.record(e, entry("kept", n))
		}
		f.delete(project)
		f.purge(project, 1+2*i)
	}
}

// purged has a project that was purged twice and recorded to again, and one that was
// purged and not.
func (f *fixture) purged() {
	for round := range 2 {
		for n := range 30 {
			f.record(entry("twice", 30*round+n), entry("kept", n))
		}
		f.delete("twice")
		f.purge("twice", 100)
	}
	f.record(entry("twice", 99), entry("gone", 1))
	f.delete("gone")
	f.purge("gone", 100)
	f.must(f.Seal())
}

// tokens has the tokens that package auth makes: of every role, for all projects and for
// some, one that ends, one that was revoked, and one that was set from outside.
func (f *fixture) tokens() {
	k, err := auth.Open(f.Store, auth.Options{Now: func() time.Time { return f.now }, Rand: steady()})
	f.must(err)
	var secret string
	f.must(k.Start(f.Context(), "", func(s string) error { secret = s; return nil }))
	f.must(k.Start(f.Context(), "operators-own-9f2c71e0b8d4a6357c1e90fb2d8a4c6e", nil))
	root, err := k.Verify(f.Context(), secret)
	f.must(err)
	call := &rights.Call{Principal: root, Channel: audit.ChannelCLI}
	made := auth.Token{}
	for i, role := range []rights.Role{rights.Admin, rights.Viewer, rights.Recorder} {
		t := auth.Token{Name: "n", Owner: fmt.Sprintf("o%d@example.com", i), OwnerType: audit.ServiceAccount, Role: role}
		if i > 0 {
			t.Projects, t.ExpiresAt = []string{"acme", "globex"}[:i], f.now.AddDate(100, 0, 0)
		}
		_, made, err = k.Create(f.Context(), call, t)
		f.must(err)
	}
	_, err = k.Revoke(f.Context(), call, made.ID)
	f.must(err)
	f.record(entry("acme", 1))
}

// proved has heads over several projects, the certificate of one that was purged, and entries
// that no head covers yet.
func (f *fixture) proved() {
	key, err := proof.GenerateKey(steady())
	f.must(err)
	n, err := notary.New(f.Store, key, notary.Options{Now: func() time.Time { return f.now }, Rand: steady()})
	f.must(err)
	f.opts.BeforePurge = n.Certify
	for i := range 300 {
		f.record(entry("acme", i), entry("globex", i))
		if i%100 == 50 {
			f.must(n.Head(f.Context()))
			f.must(f.Seal())
		}
	}
	f.delete("globex")
	f.purge("globex", 100)
	f.must(n.Head(f.Context()))
	f.record(entry("acme", 300), entry("new", 1))
}

// steady returns bytes that are random and always the same.
func steady() io.Reader { return rand.NewChaCha8([32]byte{3}) }

// writeFixture makes a fixture and what it holds.
func writeFixture(t *testing.T, name string, fill func(*fixture)) {
	dir := t.TempDir()
	f := &fixture{T: t, now: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)}
	f.Store = open(t, dir, Options{Now: func() time.Time { return f.now }, Rand: steady(), SealAfter: time.Hour, SealRows: 1 << 20})
	fill(f)
	checkClean(t, f.Store)
	golden := contents(t, f.Store)
	f.must(f.Close())
	if _, _, err := Compact(dir); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, FileName))
	f.must(err)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err = z.Write(data)
	f.must(errors.Join(err, z.Close()))
	path := filepath.Join("testdata", fmt.Sprintf("format%d", format.Version), name)
	f.must(os.MkdirAll(filepath.Dir(path), 0o755))
	for file, data := range map[string][]byte{path + ".db.gz": packed.Bytes(), path + ".golden": golden} {
		out, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		f.must(err)
		_, err = out.Write(data)
		f.must(errors.Join(err, out.Close()))
	}
}

// unpackFixture returns a folder with a copy of a fixture's database.
func unpackFixture(t *testing.T, path string) string {
	t.Helper()
	dir := t.TempDir()
	audittest.Unpack(t, path, filepath.Join(dir, FileName))
	return dir
}

// contents writes down what a log holds: its identity, its projects, their entries by seq,
// the cursors of its followers, its tokens.
func contents(t *testing.T, s *Store) []byte {
	t.Helper()
	b := fmt.Appendf(nil, "identity %s\n", s.Identity())
	for _, p := range s.Projects() {
		b = fmt.Appendf(b, "project %s, %s, %d entries\n", p.Name, p.State, p.Entries)
		entries, err := s.AfterSeq(t.Context(), p.Name, 0, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			b = append(e.AppendJSON(b), '\n')
		}
	}
	cursors, err := s.Cursors()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(cursors)) {
		b = fmt.Appendf(b, "cursor %s at %d\n", name, cursors[name])
	}
	tokens, err := s.Tokens()
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range slices.Sorted(maps.Keys(tokens)) {
		b = fmt.Appendf(b, "token %s %s\n", id, tokens[id])
	}
	err = s.read(func(tx kv.Tx) error {
		m, err := trees.OpenMaster(tx)
		if err == nil {
			b = append(b, m.Checkpoint()...)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestFixtures opens a copy of each database that a released version has written: it holds
// what it did, to the byte, and can be gone on with.
func TestFixtures(t *testing.T) {
	if *makeFixtures {
		for name, fill := range fixtures {
			writeFixture(t, name, fill)
		}
	}
	files, err := filepath.Glob("testdata/format*/*.db.gz")
	if err != nil || len(files) < len(fixtures) {
		t.Fatalf("there are %d fixtures, of %d: %v", len(files), len(fixtures), err)
	}
	for _, file := range files {
		t.Run(strings.TrimPrefix(strings.TrimSuffix(file, ".db.gz"), "testdata/"), func(t *testing.T) { testFixture(t, file) })
	}
}

func testFixture(t *testing.T, file string) {
	dir := unpackFixture(t, file)
	want, err := os.ReadFile(strings.TrimSuffix(file, ".db.gz") + ".golden")
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, Options{SealAfter: time.Hour})
	checkClean(t, s)
	if got := contents(t, s); !bytes.Equal(got, want) {
		t.Fatalf("holds\n%s\nwant\n%s", got, want)
	}
	rises(t, s)
	if strings.HasSuffix(file, "/columns.db.gz") {
		everyForm(t, s)
	}
	if strings.HasSuffix(file, "/tokens.db.gz") {
		testFixtureTokens(t, s)
	}
	for name := range s.Purges() {
		purgeAll(t, s, name)
		entries, err := s.AfterSeq(t.Context(), name, 0, 10)
		if err != nil || len(entries) != 2 || entries[1].Action != format.ActionPurge || entries[1].Metadata["entries"] != "30" ||
			entries[0].Seq != 31 || entries[1].Seq != 32 {
			t.Errorf("the purge of %s, gone on with, leaves %v, %v", name, entries, err)
		}
		checkClean(t, s)
	}
	before := s.LastID()
	if _, err := s.Record(t.Context(), []*audit.Entry{entry("acme", 1), entry("twice", 1)}); err != nil || s.LastID() != before+2 {
		t.Fatalf("recorded up to %d behind %d: %v", s.LastID(), before, err)
	}
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	checkClean(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	proveAll(t, dir)
}

// proveAll has a log that was opened, and may have no trees, get them, interrupted on the way: all
// of its projects are covered at the end, and check finds their trees right.
func proveAll(t *testing.T, dir string) {
	t.Helper()
	key, err := proof.GenerateKey(steady())
	if err != nil {
		t.Fatal(err)
	}
	for _, interrupted := range []bool{true, false} {
		s := open(t, dir, Options{})
		n, err := notary.New(s, key, notary.Options{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		if interrupted {
			cancel()
		}
		if err := n.Head(ctx); (err == nil) == interrupted {
			t.Errorf("making the trees, interrupted %t: %v", interrupted, err)
		}
		cancel()
		checkClean(t, s)
		for _, h := range s.Histories() {
			if !interrupted && h.Head.Size != h.Size() {
				t.Errorf("project %s: %d of %d entries are covered", h.Name, h.Head.Size, h.Size())
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// rises reads the whole log in commit order, a few entries at a time: in each project the
// seqs rise, and what is there by seq is there by id.
func rises(t *testing.T, s *Store) {
	t.Helper()
	seqs, counts := make(map[string]int64), make(map[string]int64)
	for id := int64(0); ; {
		entries, through, err := s.After(t.Context(), id, 7)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.ID <= id || e.Seq <= seqs[e.Project] {
				t.Fatalf("entry %d, seq %d of %s, comes behind entry %d, seq %d", e.ID, e.Seq, e.Project, id, seqs[e.Project])
			}
			id, seqs[e.Project] = e.ID, e.Seq
			counts[e.Project]++
		}
		if through == id && len(entries) == 0 {
			break
		}
		id = through
	}
	for _, p := range s.Projects() {
		if p.State != audit.Purging && counts[p.Name] != p.Entries {
			t.Errorf("%d entries of %s by id, %d in all", counts[p.Name], p.Name, p.Entries)
		}
	}
}

func purgeAll(t *testing.T, s *Store, project string) {
	t.Helper()
	for {
		done, err := s.PurgeStep(context.Background(), project)
		if err != nil {
			t.Fatal(err)
		}
		if done {
			return
		}
	}
}

// everyForm wants each kind of column in some block of s.
func everyForm(t *testing.T, s *Store) {
	t.Helper()
	have := make(map[string]bool)
	err := s.read(func(tx kv.Tx) error {
		for _, v := range kv.All(tx.Bucket(format.Blocks)) {
			b, err := block.Open(v)
			if err != nil {
				return err
			}
			b.Forms(func(form string) { have[form] = true })
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	forms := []string{"numbers of mode 0", "numbers of mode 1", "fingerprints"}
	for _, kind := range column.Kinds() {
		forms = append(forms, "column of kind "+kind)
	}
	for _, form := range forms {
		if !have[form] {
			t.Errorf("no block has %s", form)
		}
	}
}

// testFixtureTokens wants the tokens to let in whom they did.
func testFixtureTokens(t *testing.T, s *Store) {
	t.Helper()
	k, err := auth.Open(s, auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := k.Verify(t.Context(), "operators-own-9f2c71e0b8d4a6357c1e90fb2d8a4c6e")
	if err != nil || !strings.HasPrefix(p.TokenID, "environment-") {
		t.Fatalf("the token that was set from outside is %+v, %v", p, err)
	}
	list, err := k.List(&p)
	if err != nil || len(list) != 5 {
		t.Errorf("%d tokens, %v", len(list), err)
	}
}
