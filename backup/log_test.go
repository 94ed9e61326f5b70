package backup_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/age"

	"auditlog/audit"
	"auditlog/backup"
	"auditlog/backup/place"
	"auditlog/store"
	"auditlog/store/copies"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// options are those with which a log is taken.
func options(s *store.Store) backup.Options {
	return backup.Options{
		Buckets: format.Buckets(), Log: s.Identity(), Program: "test", Secret: bytes.Repeat([]byte{7}, 32),
		Describe: func(tx kv.Tx) (c backup.Contents, err error) {
			c.Entries, c.LastID, err = copies.Describe(tx)
			return c, err
		},
	}
}

// recorder records to some projects, and knows what it did.
type recorder struct {
	t        *testing.T
	s        *store.Store
	rounds   atomic.Int64 // of the project that is purged again and again
	mu       sync.Mutex
	recorded map[int64]string // acknowledged entries, told by id
}

const doomed = "doomed"

func entryOf(project, detail string) *audit.Entry {
	return &audit.Entry{
		Project: project, Actor: audit.Actor{Email: "ada@example.com"}, Action: "deployment.deploy",
		Resource: audit.Resource{Type: "Deployment", Name: "web"}, Outcome: audit.Success, Detail: detail,
	}
}

// told is what identifies an entry with its text.
func told(e *audit.Entry) string {
	return fmt.Sprintf("%s %s %s %s", e.Project, e.Detail, e.Key, e.Action)
}

func (r *recorder) run(ctx context.Context, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 7))
	for n := 0; ctx.Err() == nil; n++ {
		batch := make([]*audit.Entry, 1+random.IntN(60))
		for i := range batch {
			e := entryOf([]string{"acme", "beta", doomed}[random.IntN(3)], fmt.Sprintf("recorder %d, call %d, entry %d", seed, n, i))
			e.Key = fmt.Sprintf("%d-%d-%d", seed, n, i)
			if random.IntN(20) == 0 { // late: its block is merged anew
				e.CreatedAt = time.Now().Add(-time.Duration(random.IntN(1000)) * time.Hour)
			}
			batch[i] = e
		}
		_, err := r.s.Record(context.WithoutCancel(ctx), batch)
		if audit.KindOf(err) == audit.Conflict {
			continue // doomed is being purged
		}
		if err != nil {
			r.t.Errorf("record: %v", err)
			return
		}
		r.mu.Lock()
		for _, e := range batch {
			r.recorded[e.ID] = told(e)
		}
		r.mu.Unlock()
		time.Sleep(time.Millisecond)
	}
}

// purge deletes the doomed project and purges it, again and again.
func (r *recorder) purge(ctx context.Context) {
	for ctx.Err() == nil {
		time.Sleep(30 * time.Millisecond)
		e := entryOf(doomed, "by order of the boss")
		e.Action = "project.delete"
		_, err := r.s.Delete(context.WithoutCancel(ctx), doomed, e, audit.DeletionOrder{})
		if audit.KindOf(err) == audit.NotFound {
			continue
		}
		for done := false; err == nil && !done; {
			done, err = r.s.PurgeStep(context.WithoutCancel(ctx), doomed)
		}
		if err != nil {
			r.t.Errorf("purge: %v", err)
			return
		}
		r.rounds.Add(1)
	}
}

// witness is a log of which is written down what every transaction that describes it sees:
// the moment of a backup.
type witness struct {
	s   *store.Store
	sum [sha256.Size]byte
}

func (w *witness) options() backup.Options {
	o := options(w.s)
	describe := o.Describe
	o.Describe = func(tx kv.Tx) (backup.Contents, error) {
		w.sum = sumOf(tx)
		return describe(tx)
	}
	return o
}

// sumOf is a hash of all that is in a database.
func sumOf(tx kv.Tx) (sum [sha256.Size]byte) {
	h := sha256.New()
	for _, name := range format.Buckets() {
		for k, v := range kv.All(tx.Bucket(name)) {
			fmt.Fprintf(h, "%s %d %d\n", name, len(k), len(v))
			h.Write(k)
			h.Write(v)
		}
	}
	copy(sum[:], h.Sum(nil))
	return sum
}

// killed ends a backup at one of its files, as the end of its process would: what is being
// written then is there by halves.
type killed struct {
	to   backup.Writer
	dir  string
	left int
}

var errKilled = errors.New("killed")

func (k *killed) Put(ctx context.Context, name string, data []byte) error {
	if k.left--; k.left < 0 {
		half := data[:len(data)/2]
		if err := os.WriteFile(filepath.Join(k.dir, ".new-killed"), half, 0o600); err != nil {
			return err
		}
		return errKilled
	}
	return k.to.Put(ctx, name, data)
}

// taken is a backup and what the log was at its moment.
type taken struct {
	id  string
	sum [sha256.Size]byte
}

// TestTakenUnderLoad takes backups of a log that is recorded to, sealed, merged and purged,
// kills every second one at a random file, and restores them all: each is exactly the log at its moment.
func TestTakenUnderLoad(t *testing.T) {
	backups := 20
	if testing.Short() {
		backups = 6
	}
	s, err := store.Open(t.TempDir(), store.Options{SealRows: 700, SealAfter: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.RecordOwn(t.Context(), entryOf("none", "the first")); err != nil {
		t.Fatal(err)
	}
	r := &recorder{t: t, s: s, recorded: make(map[int64]string)}
	ctx, stop := context.WithCancel(t.Context())
	var work sync.WaitGroup
	work.Go(func() { r.run(ctx, 1) })
	work.Go(func() { r.run(ctx, 2) })
	work.Go(func() { r.purge(ctx) })

	random := rand.New(rand.NewPCG(20, 26))
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "backups", "of-acme")
	var done []taken
	kills := 0
	// A log that nothing has come to yet is taken before anything is killed or purged.
	for n := 0; len(done) < backups || n < 1000 && (kills == 0 || r.rounds.Load() == 0); n++ {
		kill := -1
		if n%2 == 1 {
			kill = random.IntN(12)
		}
		one, err := takeOne(ctx, s, dir, kill, n%3 == 0, identity.Recipient())
		if errors.Is(err, errKilled) {
			kills++
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		done = append(done, one)
	}
	stop()
	work.Wait()
	t.Logf("%d backups, %d killed, %d purges, %d entries", len(done), kills, r.rounds.Load(), len(r.recorded))
	if kills == 0 || r.rounds.Load() == 0 {
		t.Fatal("nothing was killed or purged: this test tests nothing")
	}
	for _, one := range done {
		r.compare(dir, one, identity)
	}
}

func takeOne(ctx context.Context, s *store.Store, dir string, kill int, encrypted bool, to age.Recipient) (taken, error) {
	d, err := backup.NewDeposit(ctx, place.NewDir(dir), time.Now())
	if err != nil {
		return taken{}, err
	}
	defer d.Close()
	w := &witness{s: s}
	o := w.options()
	o.Has = d.Has
	if encrypted {
		o.Recipients = []age.Recipient{to}
	}
	var out backup.Writer = d
	if kill >= 0 {
		out = &killed{to: d, dir: dir, left: kill}
	}
	made, err := backup.Take(ctx, s, out, o)
	if err != nil {
		return taken{}, err
	}
	return taken{made.ID, w.sum}, nil
}

// restore restores a backup into a new folder and returns that.
func restore(t *testing.T, p backup.Place, id string, identities ...age.Identity) string {
	t.Helper()
	db := openBackup(t, p, id, identities...)
	dir := filepath.Join(t.TempDir(), "data")
	sum, err := copies.Restore(t.Context(), dir, store.FileName, db, copies.Options{
		Compare: func(made kv.DB) error { return backup.Compare(t.Context(), made, db.Index) },
		Report:  func(problem string) { t.Errorf("check of %s: %s", id, problem) },
	})
	if err != nil || sum.Problems > 0 {
		t.Fatalf("restore %s: %+v, %v", id, sum, err)
	}
	if told := db.Snapshot.Entries; sum.Entries != told {
		t.Errorf("%s has %d entries, and says that there are %d", id, sum.Entries, told)
	}
	return dir
}

func openBackup(t *testing.T, p backup.Place, id string, identities ...age.Identity) *backup.DB {
	t.Helper()
	s, err := backup.Find(t.Context(), p, id)
	if err != nil {
		t.Fatal(err)
	}
	db, err := backup.Open(t.Context(), p, s, identities)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// compare restores a backup and compares it with what the log was, and with what the
// recorder knows.
func (r *recorder) compare(dir string, one taken, identity age.Identity) {
	r.t.Helper()
	p := place.NewDir(dir)
	snapshot, err := backup.Find(r.t.Context(), p, one.id)
	if err != nil {
		r.t.Fatal(err)
	}
	restored, err := store.OpenReadOnly(restore(r.t, p, one.id, identity))
	if err != nil {
		r.t.Fatal(err)
	}
	defer restored.Close()
	err = restored.View(func(tx kv.Tx) error {
		if sumOf(tx) != one.sum {
			r.t.Errorf("%s is not the log as it was at its moment", one.id)
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	if restored.LastID() != snapshot.LastID {
		r.t.Errorf("%s: the newest entry is %d, not %d", one.id, restored.LastID(), snapshot.LastID)
	}
	r.compareEntries(one.id, restored)
}

// compareEntries compares what a restored log holds with what was acknowledged: all of it up to
// its newest entry and nothing else, but for what was purged.
func (r *recorder) compareEntries(id string, restored *store.Store) {
	r.t.Helper()
	held := make(map[int64]string)
	for through, last := int64(0), restored.LastID(); through < last; {
		entries, to, err := restored.After(r.t.Context(), through, 5000)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, e := range entries {
			held[e.ID] = told(e)
		}
		through = to
	}
	state := audit.Purged
	if p, err := restored.Project(doomed); err == nil {
		state = p.State
	}
	for n, text := range r.recorded {
		isDoomed := strings.HasPrefix(text, doomed+" ")
		switch got, ok := held[n]; {
		case ok && got != text:
			r.t.Errorf("%s: entry %d is %q, not %q", id, n, got, text)
		case !ok && n <= restored.LastID() && !isDoomed:
			r.t.Errorf("%s: entry %d is missing", id, n)
		case ok && n > restored.LastID():
			r.t.Errorf("%s: entry %d is later than the backup", id, n)
		}
		delete(held, n)
	}
	for n, text := range held {
		if !strings.HasPrefix(text, doomed+" ") && !strings.HasPrefix(text, audit.SystemProject+" ") {
			r.t.Errorf("%s: nobody recorded entry %d, %q (%s is %s)", id, n, text, doomed, state)
		}
	}
}

// Backups of what has hardly changed share their parts, under whatever name: this is what
// keeps a schedule cheap.
func TestIncremental(t *testing.T) {
	s := filled(t, 60_000)
	dir := t.TempDir()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for _, recipients := range [][]age.Recipient{nil, {identity.Recipient()}} {
		take := func() *backup.Taken {
			d, err := backup.NewDeposit(t.Context(), place.NewDir(dir), time.Now())
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			o := options(s)
			o.Recipients, o.Has = recipients, d.Has
			made, err := backup.Take(t.Context(), s, d, o)
			if err != nil {
				t.Fatal(err)
			}
			return made
		}
		first := take()
		if _, err := s.Record(t.Context(), []*audit.Entry{entryOf("acme", "one more")}); err != nil {
			t.Fatal(err)
		}
		second := take()
		t.Logf("first %d parts and %d bytes, second %d parts and %d bytes, of %d", first.NewParts, first.NewBytes,
			second.NewParts, second.NewBytes, len(second.Parts))
		if second.NewBytes > first.NewBytes/5 || second.LastID != first.LastID+1 {
			t.Errorf("the second backup took %d bytes, the first %d", second.NewBytes, first.NewBytes)
		}
	}
	if restored, err := store.Open(restore(t, place.NewDir(dir), "", identity), store.Options{}); err != nil {
		t.Error(err)
	} else if err := restored.Close(); err != nil {
		t.Error(err)
	}
}

// filled returns a log of n entries.
func filled(t *testing.T, n int) *store.Store {
	t.Helper()
	s, err := store.Open(t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.RecordOwn(t.Context(), entryOf("none", "the first")); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for at := 0; at < n; at += 1000 {
		batch := make([]*audit.Entry, min(1000, n-at))
		for i := range batch {
			batch[i] = entryOf([]string{"acme", "beta", "gamma"}[i%3], fmt.Sprintf("%x", random.Uint64()))
			batch[i].Key = fmt.Sprintf("%016x", random.Uint64())
		}
		if _, err := s.Record(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	return s
}

// A log can be opened on a backup as it lies there, and says the same by id and by seq.
func TestReadInPlace(t *testing.T) {
	s := filled(t, 5000)
	if _, err := s.Record(t.Context(), []*audit.Entry{entryOf("acme", "in the tail")}); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := backup.Take(t.Context(), s, backup.NewStream(&out, time.Now(), func() error { return nil }), options(s)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "log.tar")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := place.OpenArchive(path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	held, err := store.New(openBackup(t, a, ""), store.Options{SealAfter: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	for _, id := range []int64{1, 2, 777, 5001, 5002} {
		for _, project := range []string{"acme", "beta", "gamma"} {
			want, wantErr := s.Get(t.Context(), project, id)
			got, err := held.Get(t.Context(), project, id)
			if audit.KindOf(err) != audit.KindOf(wantErr) || err == nil && told(got) != told(want) {
				t.Errorf("entry %d of %s: %v, %v; the log has %v, %v", id, project, got, err, want, wantErr)
			}
		}
	}
	want, err := s.AfterSeq(t.Context(), "beta", 100, 500)
	if err != nil {
		t.Fatal(err)
	}
	got, err := held.AfterSeq(t.Context(), "beta", 100, 500)
	if err != nil || len(got) != len(want) || len(got) == 0 {
		t.Fatalf("%d entries by seq, want %d: %v", len(got), len(want), err)
	}
	for i := range got {
		if got[i].Seq != want[i].Seq || told(got[i]) != told(want[i]) {
			t.Fatalf("seq %d is %v, not %v", want[i].Seq, got[i], want[i])
		}
	}
	if _, err := held.Record(t.Context(), []*audit.Entry{entryOf("acme", "no")}); err == nil {
		t.Error("a backup was recorded to")
	}
}
