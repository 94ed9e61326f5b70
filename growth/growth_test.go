package growth

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var start = time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)

// made is a log whose size a test sets.
type made struct {
	id, used int64
	now      time.Time
	fault    error
}

func (m *made) LastID() int64               { return m.id }
func (m *made) Size() (int64, int64, error) { return m.used + 4096, 4096, m.fault }

func newWorker(m *made, opts Options) *Worker {
	opts.Now = func() time.Time { return m.now }
	return New(m, opts)
}

// pass has the log grow by so much each minute for a while.
func (m *made) pass(w *Worker, minutes int, entries, bytes int64) {
	for range minutes {
		m.now = m.now.Add(time.Minute)
		m.id, m.used = m.id+entries, m.used+bytes
		w.measure()
	}
}

func TestMinutesAreWhatCameIn(t *testing.T) {
	m := &made{id: 100, now: start}
	w := newWorker(m, Options{})
	w.measure()
	m.pass(w, 5, 7, 1000)
	m.now, m.id = m.now.Add(20*time.Second), m.id+3
	parts := w.Minutes(60)
	if len(parts) != 6 {
		t.Fatalf("there are %d minutes, want the 5 that are known and the one under way", len(parts))
	}
	for i, p := range parts[:5] {
		if p.Entries != 7 || p.Bytes != 1000 || !p.From.Equal(start.Add(time.Duration(i)*time.Minute)) {
			t.Errorf("minute %d is %+v", i, p)
		}
	}
	if last := parts[5]; last.Entries != 3 || !last.To.Equal(m.now) {
		t.Errorf("the minute under way is %+v", last)
	}
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	m := &made{now: start}
	w := newWorker(m, Options{})
	m.pass(w, 50*24*60, 1, 1)
	if len(w.minutes.list) != minutesKept || len(w.coarse.list) != coarseKept {
		t.Errorf("%d minutes and %d half hours are kept", len(w.minutes.list), len(w.coarse.list))
	}
	today := m.now.Truncate(24 * time.Hour)
	days := w.Between([]time.Time{today.AddDate(0, 0, -2), today.AddDate(0, 0, -1), today, today.AddDate(0, 0, 1)})
	if len(days) != 3 || days[0].Entries != 24*60 || days[1].Entries != 24*60 || days[2].Entries != m.now.Sub(today).Milliseconds()/60_000 {
		t.Errorf("the days are %+v", days)
	}
	old := today.AddDate(0, 0, -40)
	if got := w.Between([]time.Time{old, old.AddDate(0, 0, 1)}); len(got) != 0 {
		t.Errorf("what is not known any more is told: %+v", got)
	}
}

func TestGrowthOutlivesRestarts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "growth.json")
	m := &made{now: start}
	w := newWorker(m, Options{Identity: "a", Path: path})
	w.measure()
	m.pass(w, 90, 2, 10)
	w.save()
	if w = newWorker(m, Options{Identity: "a", Path: path}); len(w.minutes.list) != 91 || len(w.coarse.list) != 4 {
		t.Fatalf("%d minutes and %d half hours came back", len(w.minutes.list), len(w.coarse.list))
	}
	if sum := w.Between([]time.Time{start, m.now})[0]; sum.Entries != 180 {
		t.Errorf("%d entries came in", sum.Entries)
	}
	if w = newWorker(m, Options{Identity: "b", Path: path}); len(w.coarse.list) != 0 {
		t.Error("what is known of another log is told of this one")
	}
	m.id = 100 // an earlier state was put back
	w = newWorker(m, Options{Identity: "a", Path: path})
	w.measure()
	for _, p := range w.Minutes(200) {
		if p.Entries < 0 || p.Entries > 100 {
			t.Errorf("%d entries came in within a minute", p.Entries)
		}
	}
	for _, text := range []string{"", "{", `{"identity":"a","minutes":[[1]]}`, `{"identity":"a","minutes":[["x",1,2]]}`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if w = newWorker(m, Options{Identity: "a", Path: path}); len(w.minutes.list) > 1 {
			t.Errorf("%q is read", text)
		}
	}
}

func TestClockPutBack(t *testing.T) {
	m := &made{now: start}
	w := newWorker(m, Options{})
	m.pass(w, 10, 1, 1)
	m.now = start.Add(2 * time.Minute)
	w.measure()
	m.pass(w, 3, 1, 1)
	if last := w.minutes.list[len(w.minutes.list)-1]; !last.At.Equal(m.now) || last.LastID != m.id {
		t.Errorf("the newest sample is %+v", last)
	}
	for i := range len(w.minutes.list) - 1 {
		if !w.minutes.list[i].At.Before(w.minutes.list[i+1].At) {
			t.Fatal("the samples are out of order")
		}
	}
}

func TestForecast(t *testing.T) {
	m := &made{now: start}
	w := newWorker(m, Options{})
	w.measure()
	m.pass(w, 30, 1, 1000)
	disk := Disk{Log: m.used, Room: 144_000_000, Size: 1 << 30}
	if f := w.Forecast(disk); !f.Since.IsZero() {
		t.Errorf("half an hour is enough for %+v", f)
	}
	m.pass(w, 90, 1, 1000)
	disk.Log = m.used
	f := w.Forecast(disk)
	if f.PerDay != 1_440_000 || !f.FullAt.Equal(m.now.AddDate(0, 0, 100)) {
		t.Errorf("1,000 bytes a minute are %d a day, and full at %v", f.PerDay, f.FullAt)
	}
	disk.Free, disk.Log = 1_440_000, m.used+1_440_000
	if f = w.Forecast(disk); !f.FullAt.Equal(m.now.AddDate(0, 0, 101)) {
		t.Errorf("what the log has free for itself is not used: full at %v", f.FullAt)
	}
	disk = Disk{Log: m.used - 500_000, Room: 1, Size: 2}
	if f = w.Forecast(disk); f.PerDay >= 0 || !f.FullAt.IsZero() {
		t.Errorf("a log that shrinks fills the disk: %+v", f)
	}
	if f = w.Forecast(Disk{Log: m.used}); !f.FullAt.IsZero() {
		t.Error("a disk that is not known is full")
	}
}

func TestDisk(t *testing.T) {
	dir := t.TempDir()
	m := &made{used: 1000, now: start}
	for name, size := range map[string]int{"auditlog.db": 5096, "index/a": 3000} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, err := newWorker(m, Options{Folder: dir}).Disk()
	if err != nil || d.Log != 5096 || d.Derived != 3000 || d.Used() != 4000 {
		t.Errorf("%+v, %v", d, err)
	}
	if d.Size > 0 && (d.Room <= 0 || d.Room > d.Size) {
		t.Errorf("%d bytes of %d are free", d.Room, d.Size)
	}
	m.fault = errors.New("gone")
	if _, err := newWorker(m, Options{}).Disk(); err == nil {
		t.Error("a log that cannot be measured is measured")
	}
}
