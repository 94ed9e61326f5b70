package retention

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"auditlog/backoff"
)

// DefaultGrace is how long a deleted project can be restored unless configured.
const DefaultGrace = 30 * 24 * time.Hour

// NoGrace, as Options.Grace, has a deleted project purged at once.
const NoGrace = time.Duration(-1)

// Storage is the log that is purged; *store.Store is one.
type Storage interface {
	// Purges returns every deleted project with how long it is until its purge begins.
	Purges() map[string]time.Duration
	// Pass keeps how much time has passed, in which graces are counted.
	Pass() error
	// PurgeStep removes a bounded part of a project whose time has come, and
	// reports whether nothing is left to remove.
	PurgeStep(ctx context.Context, project string) (done bool, err error)
}

// Options configure a Worker. The zero value is usable.
type Options struct {
	// Grace is how long a deleted project can be restored. Default DefaultGrace;
	// NoGrace for none.
	Grace time.Duration
	// Log is told of the beginning, the end and the failures of purges. Its zero
	// value is silent.
	Log zerolog.Logger
	// Now is the clock of the machine, which is watched. Default time.Now.
	Now func() time.Time
}

// Worker makes the purges that are due. Run does the work; the other methods may
// be called by several goroutines at once.
type Worker struct {
	opts    Options
	storage Storage
	wake    chan struct{} // of one

	// What follows belongs to Run.
	underway map[string]*progress
	failing  map[string]failure
	clock    clock
	kept     time.Time // when the time that passed was kept last

	steps, purged, failures, clockSets atomic.Int64
}

// progress is what is told of a purge under way.
type progress struct {
	began, told time.Time
	steps       int64
}

// failure is a purge that failed so often in a row and is left alone until a time.
type failure struct {
	count int
	until time.Time
}

// New returns a Worker of a log.
func New(storage Storage, opts Options) *Worker {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	switch {
	case opts.Grace == 0:
		opts.Grace = DefaultGrace
	case opts.Grace < 0:
		opts.Grace = 0
	}
	return &Worker{
		opts:     opts,
		storage:  storage,
		wake:     make(chan struct{}, 1),
		underway: make(map[string]*progress),
		failing:  make(map[string]failure),
	}
}

// Grace returns how long a project that is deleted now can be restored.
func (w *Worker) Grace() time.Duration { return w.opts.Grace }

// Wake has Run look for purges now: a project was deleted.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Stats are numbers for monitoring, counted since the start.
type Stats struct {
	// Steps counts the steps of purges, Purged the purges that ended, Failures the
	// steps that failed and were tried again.
	Steps, Purged, Failures int64
	// ClockSets counts how often the machine's clock jumped.
	ClockSets int64
}

// Stats returns the numbers of now.
func (w *Worker) Stats() Stats {
	return Stats{Steps: w.steps.Load(), Purged: w.purged.Load(), Failures: w.failures.Load(), ClockSets: w.clockSets.Load()}
}

// maxWait is how long Run sleeps at most, and how much time it lets pass that is not kept.
const maxWait = time.Minute

// Run purges what is due until ctx ends. It returns nil: a purge that fails is
// logged and tried again, and holds up neither the log nor the other purges.
func (w *Worker) Run(ctx context.Context) error {
	defer w.keep()
	w.kept = time.Now()
	for ctx.Err() == nil {
		w.watchClock()
		if time.Since(w.kept) >= maxWait {
			w.keep()
		}
		project, wait := w.next()
		if wait > 0 {
			w.sleep(ctx, wait)
			continue
		}
		began := time.Now()
		w.step(ctx, project)
		w.rest(ctx, time.Since(began))
	}
	return nil
}

// keep has the log keep how much time has passed.
func (w *Worker) keep() {
	w.kept = time.Now()
	if err := w.storage.Pass(); err != nil {
		w.opts.Log.Error().Err(err).Msg("the time that passed is not kept, and grace periods are so much longer if the log stops")
	}
}

// next returns the purge that has been due for longest, or how long to wait for one.
func (w *Worker) next() (project string, wait time.Duration) {
	now := time.Now()
	wait = maxWait
	var first time.Duration
	for name, left := range w.storage.Purges() {
		left = max(left, w.failing[name].until.Sub(now))
		if left > 0 {
			wait = min(wait, left)
			continue
		}
		if project == "" || left < first || left == first && name < project {
			project, first = name, left
		}
	}
	if project != "" {
		return project, 0
	}
	return "", wait
}

// sleep waits until something may have become due.
func (w *Worker) sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-w.wake:
	case <-timer.C:
	}
}

// The rest after a step, whose length is that of the step within bounds.
const (
	minRest = time.Millisecond
	maxRest = time.Second
)

// rest leaves the store to the writers.
func (w *Worker) rest(ctx context.Context, d time.Duration) {
	_ = backoff.Sleep(ctx, min(max(d, minRest), maxRest)) // Run sees by itself that ctx ended
}

// step makes one step of a purge.
func (w *Worker) step(ctx context.Context, project string) {
	p := w.underway[project]
	if p == nil {
		now := time.Now()
		p = &progress{began: now, told: now}
		w.underway[project] = p
		w.opts.Log.Info().Str("project", project).Msg("purge begins")
	}
	done, err := w.storage.PurgeStep(ctx, project)
	if err != nil {
		w.fail(ctx, project, err)
		return
	}
	w.steps.Add(1)
	p.steps++
	delete(w.failing, project)
	if done {
		w.purged.Add(1)
		delete(w.underway, project)
	}
	w.tell(project, p, done)
}

// tellEvery is how often the log hears of a purge that takes long.
const tellEvery = 10 * time.Second

func (w *Worker) tell(project string, p *progress, done bool) {
	message := "purge goes on"
	if done {
		message = "purge ends"
	} else if time.Since(p.told) < tellEvery {
		return
	}
	p.told = time.Now()
	w.opts.Log.Info().Str("project", project).Int64("steps", p.steps).Dur("took", time.Since(p.began)).Msg(message)
}

// pauses are those after failures of one purge.
var pauses = backoff.Policy{First: time.Second, Most: 5 * time.Minute}

// fail leaves a purge alone for a while. The end of Run is no failure, nor is a
// project that was restored a moment before its purge.
func (w *Worker) fail(ctx context.Context, project string, err error) {
	if _, due := w.storage.Purges()[project]; !due || ctx.Err() != nil {
		delete(w.underway, project)
		return
	}
	w.failures.Add(1)
	count := w.failing[project].count + 1
	pause := pauses.Pause(count)
	w.failing[project] = failure{count: count, until: time.Now().Add(pause)}
	w.opts.Log.Error().Err(err).Str("project", project).Dur("again", pause).Msg("purge failed")
}
