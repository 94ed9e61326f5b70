package backup_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"auditlog/audit"
	"auditlog/backup"
	"auditlog/backup/place"
	"auditlog/store/kv"
	"auditlog/store/kv/boltkv"
)

// rows is a database of two buckets that tests fill.
type rows struct{ *boltkv.DB }

func newRows(t *testing.T) rows {
	t.Helper()
	db, err := boltkv.Open(filepath.Join(t.TempDir(), "x.db"), boltkv.Options{
		Init: func(tx kv.Tx) error { return errors.Join(tx.CreateBucket("empty"), tx.CreateBucket("rows")) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return rows{db}
}

func (r rows) put(t *testing.T, n int, size int) {
	t.Helper()
	random := rand.New(rand.NewPCG(uint64(n), uint64(size)))
	err := r.Update(func(tx kv.Tx) error {
		for range n {
			value := make([]byte, random.IntN(size))
			for i := range value {
				value[i] = byte(random.Uint32())
			}
			if err := tx.Bucket("rows").Put(fmt.Appendf(nil, "%08x", random.Uint32()), value); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (r rows) options() backup.Options {
	return backup.Options{
		Buckets: []string{"empty", "rows"}, Log: "one", Secret: bytes.Repeat([]byte{1}, 32),
		Describe: func(kv.Tx) (backup.Contents, error) { return backup.Contents{Entries: 3, LastID: 4}, nil },
	}
}

// take puts a backup of r into a folder.
func (r rows) take(t *testing.T, dir string, change func(*backup.Options)) *backup.Taken {
	t.Helper()
	d, err := backup.NewDeposit(t.Context(), place.NewDir(dir), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	o := r.options()
	o.Has, o.Number = d.Has, d.Number()
	if change != nil {
		change(&o)
	}
	made, err := backup.Take(t.Context(), r, d, o)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// What a backup answers as a database is what the database does, wherever a cursor is put.
func TestDatabaseOfABackup(t *testing.T) {
	r := newRows(t)
	r.put(t, 3000, 3000)
	r.put(t, 3, 2<<20)
	dir := t.TempDir()
	r.take(t, dir, nil)
	held := openBackup(t, place.NewDir(dir), "")
	if err := held.Check(func(err error) { t.Error(err) }); err != nil {
		t.Fatal(err)
	}
	if err := backup.Compare(t.Context(), r, held.Index); err != nil {
		t.Error(err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	err := r.View(func(want kv.Tx) error {
		return held.View(func(got kv.Tx) error {
			a, b := want.Bucket("rows").Cursor(), got.Bucket("rows").Cursor()
			if k, _ := got.Bucket("empty").Cursor().First(); k != nil || got.Bucket("other") != nil {
				t.Error("something is in a bucket that is empty, or not there")
			}
			for range 20_000 {
				var wantKey, wantValue, key, value []byte
				switch random.IntN(8) {
				case 0:
					wantKey, wantValue = a.First()
					key, value = b.First()
				case 1:
					wantKey, wantValue = a.Last()
					key, value = b.Last()
				case 2:
					at := fmt.Appendf(nil, "%08x", random.Uint32())
					wantKey, wantValue = a.Seek(at)
					key, value = b.Seek(at)
				case 3, 4:
					wantKey, wantValue = a.Prev()
					key, value = b.Prev()
				default:
					wantKey, wantValue = a.Next()
					key, value = b.Next()
				}
				if !bytes.Equal(wantKey, key) || !bytes.Equal(wantValue, value) {
					t.Fatalf("at %q, not at %q", key, wantKey)
				}
				if key == nil { // where a cursor is then, nobody says
					a.First()
					b.First()
				} else if !bytes.Equal(got.Bucket("rows").Get(key), wantValue) {
					t.Fatalf("Get(%q) is something else", key)
				}
			}
			return got.Err()
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	r.put(t, 1, 10)
	if err := backup.Compare(t.Context(), r, held.Index); err == nil {
		t.Error("a row more made no difference")
	}
}

// Whatever of a repository is damaged, nobody reads anything else out of it than was put in.
func TestDamage(t *testing.T) {
	r := newRows(t)
	r.put(t, 300, 3000)
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for _, recipients := range [][]age.Recipient{nil, {identity.Recipient()}} {
		dir := t.TempDir()
		r.take(t, dir, func(o *backup.Options) { o.Recipients = recipients })
		files, err := place.NewDir(dir).List(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(5, 6))
		for _, f := range files {
			path := filepath.Join(dir, f.Name)
			whole, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for n := range 12 {
				damaged := slices.Clone(whole)
				switch n {
				case 0:
					damaged = nil
				case 1:
					damaged = whole[:len(whole)/2]
				case 2:
					damaged = append(damaged, 0)
				default:
					damaged[random.IntN(len(damaged))] ^= 1 << random.IntN(8)
				}
				if err := os.WriteFile(path, damaged, 0o600); err != nil {
					t.Fatal(err)
				}
				if err := readAll(t, dir, identity); err == nil && f.Name != "repository.json" {
					t.Errorf("%s, damage %d: everything was read", f.Name, n)
				}
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if err := readAll(t, dir, identity); err == nil {
				t.Errorf("%s is gone: everything was read", f.Name)
			}
			if err := os.WriteFile(path, whole, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := readAll(t, dir, identity); err != nil {
			t.Errorf("whole again: %v", err)
		}
	}
}

// readAll reads everything of the newest backup of a folder.
func readAll(t *testing.T, dir string, identities ...age.Identity) error {
	t.Helper()
	p := place.NewDir(dir)
	s, err := backup.Find(t.Context(), p, "")
	if err != nil {
		return err
	}
	db, err := backup.Open(t.Context(), p, s, identities)
	if err != nil {
		return err
	}
	var problems []error
	return errors.Join(db.Check(func(err error) { problems = append(problems, err) }), errors.Join(problems...))
}

// Who has no identity of a recipient reads nothing, and no name tells what is in a part.
func TestEncrypted(t *testing.T) {
	r := newRows(t)
	r.put(t, 50, 100)
	mine, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	plain, dir := t.TempDir(), t.TempDir()
	inClear := r.take(t, plain, nil)
	made := r.take(t, dir, func(o *backup.Options) { o.Recipients = []age.Recipient{mine.Recipient()} })
	for _, part := range made.Parts {
		if slices.Contains(inClear.Parts, part) {
			t.Errorf("part %s is called as the rows in clear are", part)
		}
	}
	if err := readAll(t, dir, mine); err != nil {
		t.Error(err)
	}
	if err := readAll(t, dir, other); err == nil || errors.Is(err, backup.ErrDamaged) {
		t.Errorf("with another's identity: %v", err)
	}
	if err := readAll(t, dir); err == nil {
		t.Error("read without an identity")
	}
	d, err := backup.NewDeposit(t.Context(), place.NewDir(dir), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := backup.Take(t.Context(), r, d, backup.Options{Recipients: []age.Recipient{mine.Recipient()}}); err == nil {
		t.Error("a backup was encrypted without a secret for its names")
	}
}

// Prune leaves the newest of each log, all that they need, and nothing else.
func TestPrune(t *testing.T) {
	r, dir := newRows(t), t.TempDir()
	p := place.NewDir(dir)
	for n := range 6 {
		r.put(t, 30, 2000+n)
		r.take(t, dir, func(o *backup.Options) {
			if n == 0 {
				o.Log = "another"
			}
		})
	}
	stray := filepath.Join(dir, "parts", "ab", strings.Repeat("ab", 32))
	if err := errors.Join(os.MkdirAll(filepath.Dir(stray), 0o700), os.WriteFile(stray, []byte("x"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Prune(t.Context(), p, 0, time.Now()); err == nil {
		t.Error("all backups were to be removed")
	}
	done, err := backup.Prune(t.Context(), p, 2, time.Now())
	if err != nil || done.Snapshots != 3 || done.Parts < 4 {
		t.Errorf("pruned %+v, %v", done, err)
	}
	list, err := backup.Snapshots(t.Context(), p, func(err error) { t.Error(err) })
	if err != nil || len(list) != 3 {
		t.Fatalf("%d backups are left, %v", len(list), err)
	}
	needed := make(map[string]bool)
	for _, s := range list {
		db := openBackup(t, p, s.ID)
		if err := db.Check(func(err error) { t.Error(err) }); err != nil {
			t.Error(err)
		}
		for _, part := range s.Parts {
			needed[part] = true
		}
	}
	files, err := p.List(t.Context(), "parts/")
	if err != nil || len(files) != len(needed) {
		t.Errorf("%d parts are there, %d are needed, %v", len(files), len(needed), err)
	}
}

// young is a place where others may be writing.
type young struct{ *place.Dir }

func (young) Lock() (func(), bool, error) { return func() {}, false, nil }

// Where others may be writing, a part that nobody names is relied on while it is young, and is
// removed when it is old.
func TestPruneWithoutALock(t *testing.T) {
	r, dir := newRows(t), t.TempDir()
	r.put(t, 30, 2000)
	r.take(t, dir, nil)
	name := strings.Repeat("ab", 32)
	p := young{place.NewDir(dir)}
	if err := p.Put(t.Context(), "parts/ab/"+name, []byte("x")); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		later     time.Duration
		has, gone bool
	}{{0, true, false}, {13 * time.Hour, false, false}, {25 * time.Hour, false, true}} {
		d, err := backup.NewDeposit(t.Context(), p, time.Now().Add(tt.later))
		if err != nil {
			t.Fatal(err)
		}
		if d.Has(name) != tt.has || len(d.Parts()) < 2 {
			t.Errorf("%s later it is relied on: %t", tt.later, d.Has(name))
		}
		d.Close()
		done, err := backup.Prune(t.Context(), p, 1, time.Now().Add(tt.later))
		if err != nil || (done.Parts > 0) != tt.gone {
			t.Errorf("%s later: %+v, %v", tt.later, done, err)
		}
	}
}

// One at a time changes a folder; what is left half written goes.
func TestLocked(t *testing.T) {
	r, dir := newRows(t), t.TempDir()
	d, err := backup.NewDeposit(t.Context(), place.NewDir(dir), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := backup.NewDeposit(t.Context(), place.NewDir(dir), time.Now()); audit.KindOf(err) != audit.Conflict {
		t.Errorf("a second one: %v", err)
	}
	if _, err := backup.Prune(t.Context(), place.NewDir(dir), 1, time.Now()); audit.KindOf(err) != audit.Conflict {
		t.Errorf("pruned meanwhile: %v", err)
	}
	d.Close()
	half := filepath.Join(dir, ".new-123")
	if err := os.WriteFile(half, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.take(t, dir, nil)
	if _, err := os.Stat(half); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what was half written is there: %v", err)
	}
}

// A backup of which a part has gone since its repository was looked at is none.
func TestPartGone(t *testing.T) {
	r, dir := newRows(t), t.TempDir()
	r.put(t, 30, 2000)
	first := r.take(t, dir, nil)
	d, err := backup.NewDeposit(t.Context(), place.NewDir(dir), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	o := r.options()
	o.Has = d.Has
	part := first.Parts[0]
	if part == first.Index {
		part = first.Parts[1]
	}
	if err := os.Remove(filepath.Join(dir, "parts", part[:2], part)); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Take(t.Context(), r, d, o); !errors.Is(err, backup.ErrDamaged) {
		t.Errorf("taken: %v", err)
	}
	if list, err := backup.Snapshots(t.Context(), place.NewDir(dir), func(error) {}); err != nil || len(list) != 1 {
		t.Errorf("%d backups are there, %v", len(list), err)
	}
}

// An archive is there once it is whole; wherever the stream of one is cut, it is none.
func TestArchive(t *testing.T) {
	r := newRows(t)
	r.put(t, 100, 3000)
	var out bytes.Buffer
	if _, err := backup.Take(t.Context(), r, backup.NewStream(&out, time.Now(), func() error { return nil }), r.options()); err != nil {
		t.Fatal(err)
	}
	stream := out.Bytes()
	random := rand.New(rand.NewPCG(8, 9))
	path := filepath.Join(t.TempDir(), "log.tar")
	receive := func(stream []byte) error {
		a, err := place.CreateArchive(path)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		d, err := backup.NewDeposit(t.Context(), a, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		_, err = backup.Receive(t.Context(), bytes.NewReader(stream), d)
		return err
	}
	for range 50 {
		if err := receive(stream[:random.IntN(len(stream)-1024)]); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("a part was taken for the whole: %v", err)
		}
		if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 0 {
			t.Fatalf("%v is left, %v", left, err)
		}
	}
	if err := receive(stream); err != nil {
		t.Fatal(err)
	}
	a, err := place.OpenArchive(path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if err := backup.Compare(t.Context(), r, openBackup(t, a, "").Index); err != nil {
		t.Error(err)
	}
	if err := a.Delete(t.Context(), "x"); err == nil {
		t.Error("something was removed from an archive")
	}
}

// changing is a database that is written to before each of its transactions.
type changing struct {
	rows
	change func()
}

func (c changing) View(fn func(kv.Tx) error) error {
	c.change()
	return c.rows.View(fn)
}

// What is new since the rehearsals waits in memory or in a file, and comes out of it as it was.
func TestSpool(t *testing.T) {
	r, dir, temp := newRows(t), t.TempDir(), t.TempDir()
	r.put(t, 5000, 2000)
	views := 0
	c := changing{r, func() { views++ }}
	if _, err := backup.Take(t.Context(), c, backup.NewStream(io.Discard, time.Now(), func() error { return nil }), r.options()); err != nil {
		t.Fatal(err)
	}
	last := views
	views = 0
	c.change = func() {
		if views++; views == last { // the moment
			r.put(t, 12_000, 2000)
		}
	}
	d, err := backup.NewDeposit(t.Context(), place.NewDir(dir), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	o := r.options()
	o.TempDir = temp
	describe := o.Describe
	var sum int
	o.Describe = func(tx kv.Tx) (backup.Contents, error) {
		sum = 0
		for k, v := range kv.All(tx.Bucket("rows")) {
			sum += len(k) + len(v)
		}
		return describe(tx)
	}
	made, err := backup.Take(t.Context(), c, d, o)
	if err != nil {
		t.Fatal(err)
	}
	held := openBackup(t, place.NewDir(dir), made.ID)
	err = held.View(func(tx kv.Tx) error {
		for k, v := range kv.All(tx.Bucket("rows")) {
			sum -= len(k) + len(v)
		}
		return nil
	})
	if err != nil || sum != 0 {
		t.Errorf("%d bytes more were there at the moment, %v", sum, err)
	}
	if made.NewBytes < 16<<20 {
		t.Errorf("only %d bytes were new: this test tests nothing", made.NewBytes)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) != 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}
