package growth

import (
	"auditlog/durable"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// Log is what grows; *store.Store is one.
type Log interface {
	LastID() int64
	// Size returns how many bytes the log takes on disk, and how many of them are free for reuse.
	Size() (total, free int64, err error)
}

// Options configure a Worker. Its zero value measures the log alone, and forgets it at the end.
type Options struct {
	// Identity tells this log from every other one: what is known of another is forgotten.
	Identity string
	// Folder is the log's, with what is derived of it, and on the disk whose room is told of.
	// Default: none, and the room is not known.
	Folder string
	// Path is the file in which the worker keeps what it knows. Default: none is kept.
	Path string
	// Log is told when that cannot be written. Its zero value is silent.
	Log zerolog.Logger
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// How much is kept: minutes of some hours, and half hours, in which the days of nearly every zone
// begin, of some weeks.
const (
	minuteStep, minutesKept = time.Minute, 3 * 60
	coarseStep, coarseKept  = 30 * time.Minute, 32 * 48
)

// saveEvery is how often the file is written.
const saveEvery = 10 * time.Minute

// Worker measures a log. Run does the work; the other methods may be called by several goroutines
// at once.
type Worker struct {
	log  Log
	opts Options

	mu      sync.Mutex // guards what follows
	minutes series
	coarse  series
}

// New returns a Worker of a log, with what its file holds of it.
func New(log Log, opts Options) *Worker {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	w := &Worker{
		log: log, opts: opts,
		minutes: series{step: minuteStep, most: minutesKept}, coarse: series{step: coarseStep, most: coarseKept},
	}
	w.restore()
	return w
}

// Run measures until ctx ends.
func (w *Worker) Run(ctx context.Context) error {
	defer w.save()
	saved := w.opts.Now()
	for {
		w.measure()
		if now := w.opts.Now(); now.Sub(saved).Abs() >= saveEvery {
			w.save()
			saved = now
		}
		now := w.opts.Now()
		timer := time.NewTimer(now.Truncate(minuteStep).Add(minuteStep).Sub(now))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

// measure takes a sample.
func (w *Worker) measure() {
	d, err := w.Disk()
	if err != nil {
		return // it is measured again in a minute, and whoever asks is told
	}
	last := w.log.LastID() // which may ask a database
	w.mu.Lock()
	defer w.mu.Unlock()
	s := Sample{At: w.opts.Now().UTC(), LastID: last, Used: d.Used()}
	if len(w.coarse.list) > 0 && w.coarse.list[len(w.coarse.list)-1].LastID > s.LastID {
		w.minutes.list, w.coarse.list = nil, nil // an earlier state of the log was put back
	}
	w.minutes.add(s)
	w.coarse.add(s)
}

// Disk is what lies on the disk.
type Disk struct {
	// Log is the bytes of the log, Free how many of them are free for reuse, Derived those of what
	// lies beside it and can be made anew, such as the full-text index.
	Log, Free, Derived int64
	// Room is how many bytes of the disk are free, Size how many it has; 0 where that is not known.
	Room, Size int64
}

// Used is how many bytes hold something.
func (d Disk) Used() int64 { return d.Log - d.Free + d.Derived }

// Disk returns what lies on the disk now.
func (w *Worker) Disk() (d Disk, err error) {
	if d.Log, d.Free, err = w.log.Size(); err != nil {
		return d, fmt.Errorf("measure the log: %w", err)
	}
	if w.opts.Folder == "" {
		return d, nil
	}
	whole, err := folderBytes(w.opts.Folder)
	if err != nil {
		return d, fmt.Errorf("measure the folder: %w", err)
	}
	d.Derived = max(0, whole-d.Log)
	d.Room, d.Size = room(w.opts.Folder)
	return d, nil
}

// folderBytes returns how many bytes the files in a folder have. Those that go meanwhile count
// nothing.
func folderBytes(dir string) (sum int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		var info fs.FileInfo
		if err == nil && e.Type().IsRegular() {
			info, err = e.Info()
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && info != nil {
			sum += info.Size()
		}
		return err
	})
	return sum, err
}

// Minutes returns what came in by minute, up to now: the last part is the minute under way.
func (w *Worker) Minutes(count int) []Part {
	now := w.opts.Now().UTC()
	bounds := []time.Time{now}
	for t := now.Truncate(minuteStep); len(bounds) <= count; t = t.Add(-minuteStep) {
		bounds = append([]time.Time{t}, bounds...)
	}
	last := w.log.LastID()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.minutes.parts(bounds, Sample{At: now, LastID: last, Used: w.used()})
}

// Between returns what came in between bounds, which are in order and of the last weeks.
func (w *Worker) Between(bounds []time.Time) []Part {
	last := w.log.LastID()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.coarse.parts(bounds, Sample{At: w.opts.Now().UTC(), LastID: last, Used: w.used()})
}

// used returns the bytes that hold something as they were measured last. The caller holds mu.
func (w *Worker) used() int64 {
	if n := len(w.minutes.list); n > 0 {
		return w.minutes.list[n-1].Used
	}
	return 0
}

// kept is what the file holds.
type kept struct {
	Identity string   `json:"identity"`
	Minutes  []Sample `json:"minutes"`
	Coarse   []Sample `json:"halfHours"`
}

// save writes the file. To lose it costs a part of a chart.
func (w *Worker) save() {
	if w.opts.Path == "" {
		return
	}
	w.mu.Lock()
	b, err := json.Marshal(kept{w.opts.Identity, w.minutes.list, w.coarse.list})
	w.mu.Unlock()
	if err == nil {
		err = durable.Replace(w.opts.Path, b)
	}
	if err != nil {
		w.opts.Log.Warn().Err(err).Msg("how the log grew could not be kept")
	}
}

// restore reads the file, if there is one that can be read and is of this log.
func (w *Worker) restore() {
	if w.opts.Path == "" {
		return
	}
	b, err := os.ReadFile(w.opts.Path)
	var k kept
	if err != nil || json.Unmarshal(b, &k) != nil || k.Identity != w.opts.Identity {
		return
	}
	now, last := w.opts.Now(), w.log.LastID()
	for _, s := range []struct {
		to   *series
		list []Sample
	}{{&w.minutes, k.Minutes}, {&w.coarse, k.Coarse}} {
		for _, sample := range s.list {
			if !sample.At.After(now) && sample.LastID <= last {
				s.to.add(sample)
			}
		}
	}
}
