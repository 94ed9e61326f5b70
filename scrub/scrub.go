// Package scrub reads a whole log again and again, so that damage is found before somebody
// asks for what it hit: slowly by itself, once in a period, and at once when it is told to.
//
// It only reads. It never decides what to do about damage, and what it found last is kept in
// a file, so that a restart does not forget it or begin anew.
package scrub

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"auditlog/durable"
	"auditlog/store/check"
)

// DefaultPeriod is how long reading everything takes unless configured.
const DefaultPeriod = 7 * 24 * time.Hour

// Log is what is read; *store.Store is one.
type Log interface {
	// ReadSome reads a part behind a place, and returns where to go on: the zero At at the end.
	ReadSome(ctx context.Context, at check.At, most int, report func(problem string)) (next check.At, read int, err error)
	// ReadStructure reads what leads to all of it at once, which takes a fraction of the time.
	ReadStructure(report func(problem string)) error
	// CheckTold reads everything at once, and holds it against each other.
	// progress is told how much is done, from 0 to 1.
	CheckTold(ctx context.Context, report func(problem string), progress func(float64)) (check.Summary, error)
	Size() (total, free int64, err error)
}

// Options configure a Worker. The zero value is usable.
type Options struct {
	// Period is how long it takes to read everything once. Default DefaultPeriod; less than
	// 0 reads nothing by itself.
	Period time.Duration
	// Path is the file in which the worker keeps how far it is. Default: none is kept.
	Path string
	// Log is told of damage, once a round.
	Log zerolog.Logger
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// step is how many bytes are read in one go.
const step = 1 << 20

// maxFaults bounds how many faults are kept in words.
const maxFaults = 100

// Round is one reading of everything.
type Round struct {
	// Whole says that everything was held against each other as well, as a check does.
	Whole   bool      `json:"whole"`
	BeganAt time.Time `json:"beganAt"`
	// EndedAt is zero while the round is under way.
	EndedAt time.Time `json:"endedAt,omitzero"`
	// Bytes were read so far, or Entries by a check that has ended.
	Bytes   int64 `json:"bytes,omitempty"`
	Entries int64 `json:"entries,omitempty"`
	// Problems counts the faults, of which Faults are the first.
	Problems int      `json:"problems"`
	Faults   []string `json:"faults,omitempty"`
	// Err is why the round could not go on.
	Err string `json:"error,omitempty"`
}

func (r *Round) add(problem string) {
	if r.Problems++; len(r.Faults) < maxFaults {
		r.Faults = append(r.Faults, problem)
	}
}

// clone returns a copy that shares nothing that changes.
func (r *Round) clone() *Round {
	if r == nil {
		return nil
	}
	c := *r
	c.Faults = append([]string(nil), r.Faults...)
	return &c
}

// Status is what is known.
type Status struct {
	// Slow is the round under way by itself, Check the check that somebody asked for and that
	// is under way; nil where there is none.
	Slow, Check *Round
	// Last is the newest round or check that has ended, nil before the first.
	Last *Round
	// Progress says of Slow how much of the file it has read, from 0 to 1, and Checked of Check
	// how much of it is done.
	Progress, Checked float64
}

// Worker reads a log. Run does the work; the other methods may be called by several
// goroutines at once.
type Worker struct {
	log  Log
	opts Options
	wake chan struct{} // of one: a check is asked for
	// began says that the structure was read since the start; for Run alone.
	began bool

	mu    sync.Mutex // guards what follows
	at    check.At
	slow  *Round
	check *Round
	last  *Round
	saved time.Time
	// checked is how much of check is done, stop ends it; nil before it has begun.
	checked float64
	stop    context.CancelFunc
}

// New returns a Worker of a log.
func New(log Log, opts Options) *Worker {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Period == 0 {
		opts.Period = DefaultPeriod
	}
	w := &Worker{log: log, opts: opts, wake: make(chan struct{}, 1)}
	w.restore()
	return w
}

// Start asks for a check at once. started is false where one is under way already.
func (w *Worker) Start() (started bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.check != nil {
		return false
	}
	w.check, w.checked, w.stop = &Round{Whole: true, BeganAt: w.opts.Now().UTC()}, 0, nil
	select {
	case w.wake <- struct{}{}:
	default:
	}
	return true
}

// Stop ends the check that is under way, of which nothing is told then. stopped is false where
// there is none.
func (w *Worker) Stop() (stopped bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.check == nil {
		return false
	}
	if w.check = nil; w.stop != nil {
		w.stop()
	}
	return true
}

// Status returns what is known now.
func (w *Worker) Status() Status {
	total, free, err := w.log.Size()
	w.mu.Lock()
	defer w.mu.Unlock()
	st := Status{Slow: w.slow.clone(), Check: w.check.clone(), Last: w.last.clone(), Checked: w.checked}
	if used := total - free; err == nil && w.slow != nil && used > 0 {
		st.Progress = min(1, float64(w.slow.Bytes)/float64(used))
	}
	return st
}

// Run reads until ctx ends.
func (w *Worker) Run(ctx context.Context) error {
	defer w.save()
	timer := time.NewTimer(w.first())
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-w.wake:
			w.runCheck(ctx)
		case <-timer.C:
			timer.Reset(w.readOn(ctx))
		}
	}
}

// never is how long a worker waits that reads nothing by itself.
const never = 100 * 365 * 24 * time.Hour

// first returns how long to wait for the first step: a server that starts has other things
// to do.
func (w *Worker) first() time.Duration {
	if w.opts.Period < 0 {
		return never
	}
	return min(time.Minute, w.opts.Period/100)
}

// readOn reads a step and returns how long to rest, so that everything takes the period.
func (w *Worker) readOn(ctx context.Context) time.Duration {
	w.mu.Lock()
	if w.slow == nil {
		w.slow, w.at = &Round{BeganAt: w.opts.Now().UTC()}, check.At{}
	}
	at, r := w.at, w.slow
	w.mu.Unlock()
	var faults []string
	next, read, err := w.readPart(ctx, at, r, func(p string) { faults = append(faults, p) })
	if ctx.Err() != nil {
		return never
	}
	w.mu.Lock()
	for _, p := range faults {
		r.add(p)
	}
	r.Bytes += int64(read)
	w.at = next
	if err != nil {
		r.Err = err.Error()
	}
	ended := err != nil || next.Bucket == ""
	w.mu.Unlock()
	if ended {
		w.end(&w.slow, r)
	}
	w.saveAtTimes(ended)
	total, _, err := w.log.Size()
	if err != nil || total <= 0 {
		return time.Hour
	}
	// A bucket that is nearly empty counts as much as a page.
	return min(time.Duration(float64(w.opts.Period)*float64(max(read, 4096))/float64(total)), w.opts.Period)
}

// readPart reads the next part of a round, and tells faults. What leads to the parts is read at the end of
// a round, which says whether they are all, and of one state; and before the first one since the
// start, since opening a large file does not read it: what is wrong with it ends the round.
func (w *Worker) readPart(ctx context.Context, at check.At, r *Round, fault func(string)) (next check.At, read int, err error) {
	faults := 0
	tell := func(p string) {
		faults++
		fault(p)
	}
	if !w.began {
		w.began = true
		if err := w.log.ReadStructure(tell); err != nil || faults > 0 {
			return check.At{}, 0, err
		}
	}
	next, read, err = w.log.ReadSome(ctx, at, step, tell)
	if err == nil && next.Bucket == "" && faults+r.Problems == 0 && ctx.Err() == nil {
		err = w.log.ReadStructure(tell)
	}
	return next, read, err
}

// runCheck does the check that was asked for.
func (w *Worker) runCheck(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	w.mu.Lock()
	r := w.check
	w.stop = stop
	w.mu.Unlock()
	if r == nil {
		return // it was stopped before it began
	}
	sum, err := w.log.CheckTold(ctx, func(p string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		r.add(p)
	}, func(done float64) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.checked = done
	})
	w.mu.Lock()
	if w.check != r { // it was stopped, and another may wait
		w.mu.Unlock()
		return
	}
	r.Entries = sum.Entries
	if err != nil {
		r.Err = err.Error()
	}
	w.mu.Unlock()
	w.end(&w.check, r)
	w.save()
}

// end makes a round the last one.
func (w *Worker) end(under **Round, r *Round) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r.EndedAt = w.opts.Now().UTC()
	*under, w.last = nil, r
	if r.Problems > 0 || r.Err != "" {
		e := w.opts.Log.Error().Int("faults", r.Problems).Str("error", r.Err)
		if len(r.Faults) > 0 {
			e = e.Str("first", r.Faults[0])
		}
		e.Msg("the log is damaged, or cannot be read")
	}
}

// kept is what the file holds.
type kept struct {
	At   check.At `json:"at"`
	Slow *Round   `json:"slow,omitempty"`
	Last *Round   `json:"last,omitempty"`
}

// saveEvery is how often the file is written at most while a round goes on.
const saveEvery = 10 * time.Minute

func (w *Worker) saveAtTimes(now bool) {
	w.mu.Lock()
	due := now || w.opts.Now().Sub(w.saved) >= saveEvery
	w.mu.Unlock()
	if due {
		w.save()
	}
}

// save writes the file. Losing it costs a part of a round.
func (w *Worker) save() {
	if w.opts.Path == "" {
		return
	}
	w.mu.Lock()
	w.saved = w.opts.Now()
	b, err := json.Marshal(kept{w.at, w.slow, w.last})
	w.mu.Unlock()
	if err == nil {
		err = durable.Replace(w.opts.Path, b)
	}
	if err != nil {
		w.opts.Log.Warn().Err(fmt.Errorf("keep how far the log was read: %w", err)).Msg("reading on")
	}
}

// restore reads the file, if there is one that can be read.
func (w *Worker) restore() {
	if w.opts.Path == "" {
		return
	}
	b, err := os.ReadFile(w.opts.Path)
	var k kept
	if err == nil && json.Unmarshal(b, &k) == nil {
		w.at, w.slow, w.last = k.At, k.Slow, k.Last
	}
}
