package backup_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"auditlog/backup"
	"auditlog/backup/place"
)

// hostile is a repository that somebody has made to do harm.
type hostile struct {
	t   *testing.T
	dir string
}

func newHostile(t *testing.T) *hostile {
	h := &hostile{t, t.TempDir()}
	h.put("repository.json", []byte(`{"format": 1}`))
	return h
}

func (h *hostile) put(name string, data []byte) {
	h.t.Helper()
	path := filepath.Join(h.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, data, 0o600)); err != nil {
		h.t.Fatal(err)
	}
}

// part stores what r gives, and returns its name.
func (h *hostile) part(r io.Reader) string {
	h.t.Helper()
	var zipped bytes.Buffer
	w, err := zstd.NewWriter(&zipped)
	if err != nil {
		h.t.Fatal(err)
	}
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(w, sum), r); err != nil {
		h.t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		h.t.Fatal(err)
	}
	name := hex.EncodeToString(sum.Sum(nil))
	h.put("parts/"+name[:2]+"/"+name, zipped.Bytes())
	return name
}

// open opens a backup whose index is r.
func (h *hostile) open(r io.Reader, bytes int64) (*backup.DB, error) {
	h.t.Helper()
	s := backup.Snapshot{Format: 1, Moment: time.Unix(1_780_000_000, 0).UTC(), Log: "one", Bytes: bytes, Index: h.part(r)}
	data, err := json.Marshal(&s)
	if err != nil {
		h.t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	h.put("snapshots/20260528T202640.000000Z-"+hex.EncodeToString(sum[:8])+".json", data)
	p := place.NewDir(h.dir)
	found, err := backup.Find(h.t.Context(), p, "")
	if err != nil {
		h.t.Fatal(err)
	}
	return backup.Open(h.t.Context(), p, found, nil)
}

// index returns one of a single part.
func index(name string, rows, bytes int) io.Reader {
	return strings.NewReader(fmt.Sprintf(`{"format":1,"moment":"2026-05-28T20:26:40Z","log":"one","buckets":[{"name":"meta","parts":[{"name":%q,"rows":%d,"bytes":%d}]}]}`,
		name, rows, bytes))
}

// zeros gives so many of them.
func zeros(n int64) io.Reader { return io.LimitReader(zero{}, n) }

type zero struct{}

func (zero) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// allocates returns how many bytes fn allocates.
func allocates(fn func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// What is stored of a part may become any number of bytes. Opening it takes as many as it has by its
// index, and what the index says is bounded as well.
func TestBombs(t *testing.T) {
	const gigabyte = 1 << 30
	check := func(t *testing.T, db *backup.DB) (err error) {
		t.Helper()
		if e := db.Check(func(problem error) { err = problem }); e != nil {
			t.Fatal(e)
		}
		return err
	}
	for _, tt := range []struct {
		name string
		most int64
		run  func(t *testing.T, h *hostile) error
	}{
		{"a part", 40 << 20, func(t *testing.T, h *hostile) error {
			db, err := h.open(index(h.part(zeros(gigabyte)), 1, 4711), 4711)
			if err != nil {
				t.Fatal(err)
			}
			return check(t, db)
		}},
		{"many rows", 40 << 20, func(t *testing.T, h *hostile) error {
			_, err := h.open(index(h.part(zeros(100<<20)), 50<<20, 100<<20), 100<<20)
			return err
		}},
		{"a part that owns up", 40 << 20, func(t *testing.T, h *hostile) error {
			_, err := h.open(index(h.part(zeros(10)), 1, gigabyte), gigabyte)
			return err
		}},
		{"an index", 600 << 20, func(t *testing.T, h *hostile) error {
			_, err := h.open(zeros(gigabyte), 0)
			return err
		}},
		{"parts that are nothing", 600 << 20, func(t *testing.T, h *hostile) error {
			_, err := h.open(io.MultiReader(strings.NewReader(`{"format":1,"buckets":[{"name":"meta","parts":[`),
				strings.NewReader(strings.Repeat("{},", 30<<20)), strings.NewReader("{}]}]}")), 0)
			return err
		}},
		{"a size that is another", 40 << 20, func(t *testing.T, h *hostile) error {
			_, err := h.open(index(h.part(zeros(10)), 1, 10), 11)
			return err
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHostile(t)
			var err error
			if n := allocates(func() { err = tt.run(t, h) }); n > tt.most+150<<20 { // which making it takes
				t.Errorf("it takes %d MiB", n>>20)
			}
			if !errors.Is(err, backup.ErrDamaged) {
				t.Errorf("it says %v", err)
			}
		})
	}
}

// An archive whose head announces more than comes takes no more memory than what comes.
func TestReceiveWhatDoesNotCome(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: "parts/aa/" + strings.Repeat("a", 64), Mode: 0o600, Size: 120 << 20}); err != nil {
		t.Fatal(err)
	}
	b.WriteString("and no more")
	d, err := backup.NewDeposit(t.Context(), place.NewDir(t.TempDir()), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if n := allocates(func() { _, err = backup.Receive(t.Context(), &b, d) }); n > 1<<20 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%d bytes are taken, and it says %v", n, err)
	}
}
