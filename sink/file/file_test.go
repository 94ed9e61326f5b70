package file_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"auditlog/audit"
	"auditlog/sink"
	"auditlog/sink/kinds"
	"auditlog/sink/sinktest"
)

func open(t *testing.T, path string, settings map[string]string) sink.Destination {
	t.Helper()
	d, err := kinds.Open(sink.Config{To: "file://" + path, Settings: settings}, sinktest.Environment())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// folder is a receiver whose folder can be missing.
type folder struct {
	t    *testing.T
	path string
	hurt bool
}

func (f *folder) Hurt(sinktest.Fault) {
	f.hurt = true
	if err := os.Rename(f.path, f.path+".away"); err != nil {
		f.t.Fatal(err)
	}
}

func (f *folder) Refuse(...int64) {}

func (f *folder) Taken() []int64 { return ids(f.t, f.path) }

// ids reads the files of a folder in the order of their names, that which is not full last.
func ids(t *testing.T, dir string) []int64 {
	t.Helper()
	names, err := filepath.Glob(dir + "/*-*.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	var list []int64
	for _, name := range append(names, dir+"/entries.ndjson") {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(data) {
			var e audit.Entry
			if err := json.Unmarshal(line, &e); err != nil {
				t.Fatalf("%s: %v in %q", name, err, line)
			}
			list = append(list, e.ID)
		}
	}
	return list
}

func TestExam(t *testing.T) {
	f := &folder{t: t, path: filepath.Join(t.TempDir(), "in")}
	if err := os.Mkdir(f.path, 0o700); err != nil {
		t.Fatal(err)
	}
	sinktest.Run(t, sinktest.Exam{
		Open:     func(t *testing.T) sink.Destination { return &mended{open(t, f.path+"/entries.ndjson", nil), f} },
		Receiver: f, Faults: []sinktest.Fault{sinktest.Fails, sinktest.Fails, sinktest.Fails},
	})
}

// mended puts the folder back once a delivery has failed for want of it.
type mended struct {
	sink.Destination
	f *folder
}

func (m *mended) Deliver(ctx context.Context, b *sink.Batch) error {
	err := m.Destination.Deliver(ctx, b)
	if m.f.hurt {
		m.f.hurt = false
		if err := os.Rename(m.f.path+".away", m.f.path); err != nil {
			m.f.t.Fatal(err)
		}
	}
	return err
}

func TestRotation(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir+"/entries.ndjson", map[string]string{"rotate": "1", "keep": "2"})
	entries := sinktest.Entries(12_000)
	for part := range slices.Chunk(entries, 700) {
		if err := d.Deliver(t.Context(), sinktest.Batch(part)); err != nil {
			t.Fatal(err)
		}
	}
	d.Close()
	names, _ := filepath.Glob(dir + "/*")
	if len(names) != 3 || !strings.HasSuffix(names[0], "/entries-00000007.ndjson") {
		t.Errorf("the files are %v", names)
	}
	for _, name := range names {
		if info, err := os.Stat(name); err != nil || info.Size() > 1<<20 || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	got := ids(t, dir)
	for i, id := range got {
		if want := int64(len(entries) - len(got) + i + 1); id != want {
			t.Fatalf("id %d, want %d", id, want)
		}
	}
}

// What a crash left of a line is gone before the next one.
func TestTornLine(t *testing.T) {
	entries := sinktest.Entries(3)
	path := t.TempDir() + "/entries.ndjson"
	for _, torn := range []string{`{"id":2,"se`, strings.Repeat("x", 200_000)} {
		whole := append(entries[0].AppendJSON(nil), '\n')
		if err := os.WriteFile(path, append(whole, torn...), 0o600); err != nil {
			t.Fatal(err)
		}
		d := open(t, path, nil)
		if err := d.Deliver(t.Context(), sinktest.Batch(entries[1:])); err != nil {
			t.Fatal(err)
		}
		d.Close()
		if got := fmt.Sprint(ids(t, filepath.Dir(path))); got != "[1 2 3]" {
			t.Error(got)
		}
	}
}

// A file that was named by mistake keeps its end.
func TestForeignFile(t *testing.T) {
	path := t.TempDir() + "/notes"
	for content, ours := range map[string]bool{
		"hello\nworld": false, "hello": false, "{\n  \"a\": 1\n}": false, "\x7fELF\x02\x01": false, strings.Repeat("x", 2<<20) + "\ny": false,
		`{"id":1,"se`: true, "\x00\x00\x00\x00\x00\x00": true, "CEF:0|audi": true, "{}\n\x00\x00": true, "C": true, "1234": false,
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		d := open(t, path, nil)
		err := d.Deliver(t.Context(), sinktest.Batch(sinktest.Entries(1)))
		d.Close()
		if got, _ := os.ReadFile(path); ours != (err == nil) || !ours && (string(got) != content || audit.KindOf(err) != audit.Conflict) {
			t.Errorf("%.20q: %v, and the file is %.40q", content, err, got)
		}
	}
}

// A file that is moved away is left to whoever moved it.
func TestMoved(t *testing.T) {
	entries := sinktest.Entries(3)
	dir := t.TempDir()
	d := open(t, dir+"/entries.ndjson", nil)
	defer d.Close()
	for i := range entries {
		if err := d.Deliver(t.Context(), sinktest.Batch(entries[i:i+1])); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if err := os.Rename(dir+"/entries.ndjson", dir+"/moved"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := fmt.Sprint(ids(t, dir)); got != "[2 3]" {
		t.Error(got)
	}
}

func TestOneWriterAlone(t *testing.T) {
	path := t.TempDir() + "/entries.ndjson"
	first, second := open(t, path, nil), open(t, path, nil)
	batch := sinktest.Batch(sinktest.Entries(1))
	if err := first.Deliver(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if err := second.Deliver(t.Context(), batch); audit.KindOf(err) != audit.Conflict {
		t.Errorf("a second sink: %v", err)
	}
	first.Close()
	if err := second.Deliver(t.Context(), batch); err != nil {
		t.Error(err)
	}
	second.Close()
}

// Where files must be in one folder, nothing leads out of it.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	inner := filepath.Join(dir, "in")
	env := sinktest.Environment()
	env.Folder = inner
	for _, path := range []string{dir + "/out.ndjson", inner + "/../out.ndjson", inner, "/etc/passwd"} {
		if _, err := kinds.Open(sink.Config{To: "file://" + path}, env); err == nil || !strings.HasPrefix(err.Error(), "to: files of sinks must be in ") {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, path := range []string{"/a.ndjson", "/deep/er/a.ndjson", "/link/a.ndjson"} {
		ok := path != "/link/a.ndjson"
		if !ok {
			if err := os.Symlink(dir, inner+"/link"); err != nil {
				t.Fatal(err)
			}
		}
		d, err := kinds.Open(sink.Config{To: "file://" + inner + path}, env)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Deliver(t.Context(), sinktest.Batch(sinktest.Entries(1))); (err == nil) != ok {
			t.Errorf("%s: %v", path, err)
		}
		d.Close()
	}
}

func TestRefuses(t *testing.T) {
	for want, c := range map[string]sink.Config{
		"to: must be like file:///var/log/auditlog/entries.ndjson": {To: "file://entries.ndjson"},
		"settings.rotate: must be a number of MiB":                 {To: "file:///a", Settings: map[string]string{"rotate": "1GB"}},
		"settings.keep: must be a number of files":                 {To: "file:///a", Settings: map[string]string{"keep": "-1"}},
	} {
		if _, err := kinds.Open(c, sinktest.Environment()); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// BenchmarkFile delivers to a file on this machine's disk, in batches of 5,000.
func BenchmarkFile(b *testing.B) {
	entries := sinktest.Entries(5000)
	d, err := kinds.Open(sink.Config{To: "file://" + b.TempDir() + "/entries.ndjson"}, sinktest.Environment())
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	for b.Loop() {
		if err := d.Deliver(b.Context(), sinktest.Batch(entries)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*float64(len(entries))/b.Elapsed().Seconds(), "entries/s")
}

// The newest mark is found in whatever file it is by now, however far back, and asking changes nothing.
func TestNewest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "entries.ndjson")
	own := func(mark []byte) bool { return bytes.HasPrefix(mark, []byte("own")) }
	newest := func() string {
		t.Helper()
		d := open(t, path, nil)
		defer d.Close()
		mark, err := d.(sink.Asker).Newest(t.Context(), own)
		if err != nil {
			t.Fatal(err)
		}
		return string(mark)
	}
	if got := newest(); got != "" {
		t.Errorf("before there is a file: %q", got)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("asking has made the file")
	}
	deliver := func(entries ...*audit.Entry) {
		t.Helper()
		d := open(t, path, map[string]string{"rotate": "1"})
		defer d.Close()
		if err := d.Deliver(t.Context(), sinktest.Batch(entries)); err != nil {
			t.Fatal(err)
		}
	}
	deliver(sinktest.Checkpoint(1, []byte("own 1")))
	deliver(sinktest.Checkpoint(9, []byte("other 9")))
	if got := newest(); got != "own 1" {
		t.Errorf("%q", got)
	}
	// Where it lies is of no matter: here across the ends of what is read at once.
	for _, before := range []int{1, 1<<20 - 500, 1 << 20, 3 << 20} {
		e := sinktest.Entries(1)[0]
		e.Detail = strings.Repeat("x", before)
		deliver(sinktest.Checkpoint(2, fmt.Appendf(nil, "own %d", before)))
		deliver(e)
		if got := newest(); got != fmt.Sprintf("own %d", before) {
			t.Errorf("%q, want %d", got, before)
		}
	}
	if full, err := filepath.Glob(path[:len(path)-len(".ndjson")] + "-*"); err != nil || len(full) == 0 {
		t.Errorf("no file was full: %v", err)
	}
}
