package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"auditlog/audit"
	"auditlog/bench/peer"
	"auditlog/bench/work"
)

// trial is one log doing all the work once.
type trial struct {
	config
	log     peer.Log
	dir     string // for what is not the log's
	work    *work.Work
	report  *report
	answers *answers
	next    int // the first entry that is not recorded yet
}

// step is a part of a trial.
type step struct {
	name string
	run  func(*trial, context.Context) error
	// always is set of a step that others stand on.
	always bool
}

// steps are the parts of a trial, in an order in which none disturbs a later one.
func steps() []step {
	return []step{
		{"bulk", (*trial).bulk, true},
		{"settle", (*trial).settle, true},
		{"single", (*trial).single, false},
		{"rest", (*trial).rest, true},
		{"list", (*trial).listings, false},
		{"count", (*trial).counts, false},
		{"search", (*trial).searches, false},
		{"idle", (*trial).idle, false},
		{"disk", (*trial).disk, false},
		{"words", (*trial).indexedWords, false},
		{"start", (*trial).startUp, false},
		{"cold", (*trial).cold, false},
		{"package", (*trial).singlePackaged, false},
		{"purge", (*trial).purge, false},
		{"proof", (*trial).proofs, false},
	}
}

// run does the steps that are wanted.
func (t *trial) run(ctx context.Context) (err error) {
	if err := t.log.Start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.log.Stop()) }()
	for _, s := range steps() {
		if !s.always && !t.wants(s.name) {
			continue
		}
		began := time.Now()
		if err := t.profiling(ctx, s); err != nil {
			return fmt.Errorf("%s: %s: %w", t.log.Name(), s.name, err)
		}
		t.say("%-10s %-8s %s", t.log.Name(), s.name, time.Since(began).Round(time.Millisecond))
	}
	return nil
}

// note takes down a figure of this log.
func (t *trial) note(r row, v float64) { t.report.add(r, t.log.Name(), v) }

// noteLatencies takes down the percentiles that matter.
func (t *trial) noteLatencies(work, name string, d driven) {
	t.note(row{work, name + ", p50", unitTime}, millis(d.percentile(50)))
	t.note(row{work, name + ", p99", unitTime}, millis(d.percentile(99)))
}

// separate tells whether the log has processes of its own, whose usage is not
// mixed up with that of the benchmark.
func (t *trial) separate() bool { return !slices.Contains(t.log.Processes(), os.Getpid()) }

// metered has fn record size entries and takes down what the log used for it.
func (t *trial) metered(work string, size int, fn func() error) error {
	u, err := t.using(func() (int, error) { return size, fn() })
	if err != nil {
		return err
	}
	t.note(row{work, "written to disk", unitBytes}, float64(u.written)/float64(size))
	t.noteUsage(work, unitCPU, u)
	return nil
}

// usage is what a work used, the log and its client.
type usage struct {
	calls       int // or entries
	log, client time.Duration
	written     int64
	peak        peer.Memory
}

// each returns the part of one call in d, in microseconds.
func (u *usage) each(d time.Duration) float64 {
	return float64(d) / float64(time.Microsecond) / float64(u.calls)
}

// using measures what fn uses, which returns how many calls it made.
func (t *trial) using(fn func() (int, error)) (u usage, err error) {
	before, err := peer.UsageOf(t.log.Processes())
	if err != nil {
		return u, err
	}
	own, memory := ownCPU(), watchMemory(t.log)
	u.calls, err = fn()
	var memoryErr error
	u.peak, memoryErr = memory.end()
	if err := errors.Join(err, memoryErr); err != nil {
		return u, err
	}
	after, err := peer.UsageOf(t.log.Processes())
	u.log, u.client, u.written = after.CPU-before.CPU, ownCPU()-own, after.Written-before.Written
	return u, err
}

// noteUsage takes down what was used for each call. Of a log within this process
// it cannot be told apart.
func (t *trial) noteUsage(work string, each unit, u usage) {
	if t.separate() {
		t.note(row{work, "CPU, the log", each}, u.each(u.log))
		t.note(row{work, "CPU, the client", each}, u.each(u.client))
	}
	t.note(row{work, "CPU, both", each}, u.each(u.log+u.client))
	if t.separate() {
		t.note(row{work, "memory at most", unitMemory}, mebi(u.peak.Own+u.peak.Shared))
		t.note(row{work, "of it the processes' own", unitMemory}, mebi(u.peak.Own))
	}
}

func mebi(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// ownCPU returns the processor time that the benchmark itself has used.
func ownCPU() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// loaders, batch and the like are the shape of the work.
const (
	loaders   = 4
	batch     = 1000
	recorders = 64
	readers   = 4
)

// bulk records the entries in batches.
func (t *trial) bulk(ctx context.Context) error {
	d := drive{clients: loaders, n: (t.n + batch - 1) / batch}
	return t.metered(workBulk, t.n, func() error {
		res, err := d.run(ctx, t.log, nil, t.loading(t.work, "", t.n))
		if err != nil {
			return err
		}
		t.next = t.n
		t.note(row{workBulk, "batches of 1,000, 4 loaders", unitRate}, float64(t.n)/res.took.Seconds())
		t.noteLatencies(workBulk, "a batch", res)
		return nil
	})
}

// loading returns the call that records batch i of the first n entries of w, in
// a project of that name unless it is empty.
func (t *trial) loading(w *work.Work, project string, n int) call {
	return func(ctx context.Context, c peer.Conn, i int) error {
		entries := make([]audit.Entry, 0, batch)
		for k := i * batch; k < min(n, (i+1)*batch); k++ {
			e := w.Entry(k)
			if project != "" {
				e.Project = project
			}
			entries = append(entries, e)
		}
		return c.Bulk(ctx, entries)
	}
}

// single records further entries one by one.
func (t *trial) single(ctx context.Context) error {
	d := drive{clients: recorders, n: t.singles}
	return t.metered(workSingle, t.singles, func() error {
		res, err := d.run(ctx, t.log, nil, t.inserting(t.next))
		if err != nil {
			return err
		}
		t.next += t.singles
		t.note(row{workSingle, "64 clients", unitRate}, res.perSecond(1))
		t.noteLatencies(workSingle, "an entry", res)
		return nil
	})
}

// inserting returns the call that records entry first+i.
func (t *trial) inserting(first int) call {
	return func(ctx context.Context, c peer.Conn, i int) error {
		e := t.work.Entry(first + i)
		return c.Insert(ctx, &e)
	}
}

// settle waits for what the log has put off, so that what follows does not pay
// for it.
func (t *trial) settle(ctx context.Context) error {
	began := time.Now()
	if err := t.log.Settle(ctx); err != nil {
		return err
	}
	t.note(row{workBulk, "afterwards, until all is in its place", unitSeconds}, time.Since(began).Seconds())
	return nil
}

// rest waits until what was recorded last is in its place as well.
func (t *trial) rest(ctx context.Context) error { return t.log.Settle(ctx) }

// disk measures the files, before and after they are packed.
func (t *trial) disk(ctx context.Context) error {
	size := func(name string) error {
		n, err := t.log.Disk(ctx)
		t.note(row{workDisk, name, unitBytes}, float64(n)/float64(t.next))
		return err
	}
	if err := size("as it is, indexes included"); err != nil {
		return err
	}
	if err := t.log.Pack(ctx); err != nil {
		return err
	}
	return size("packed (VACUUM, compact)")
}

// idle measures a log that nobody calls, after the work and just started.
func (t *trial) idle(ctx context.Context) error {
	if !t.separate() {
		return nil
	}
	if err := t.idleness(ctx, "after the work"); err != nil {
		return err
	}
	if err := t.log.Stop(); err != nil {
		return err
	}
	if err := t.log.Start(ctx); err != nil {
		return err
	}
	return t.idleness(ctx, "just started")
}

func (t *trial) idleness(ctx context.Context, when string) error {
	before, err := peer.UsageOf(t.log.Processes())
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(t.idleFor):
	}
	after, err := peer.UsageOf(t.log.Processes())
	if err != nil {
		return err
	}
	m, err := peer.MemoryOf(t.log.Processes())
	if err != nil {
		return err
	}
	t.note(row{workIdle, when + ", CPU of one core", unitPercent}, 100*float64(after.CPU-before.CPU)/float64(t.idleFor))
	t.note(row{workIdle, when + ", memory", unitMemory}, mebi(m.Own+m.Shared))
	t.note(row{workIdle, when + ", of it the processes' own", unitMemory}, mebi(m.Own))
	return nil
}

// answers are what each listing must answer, as digests by its name and variant.
type answers struct {
	of map[string]answer
}

type answer struct {
	digest [sha256.Size]byte
	rows   int
	from   string // the log that answered first
}

// check compares entries with those that another log answered.
func (a *answers) check(log, question string, entries []audit.Entry) error {
	h := sha256.New()
	var b []byte
	for i := range entries {
		e := entries[i]
		e.ID, e.Seq, e.RecordedAt, e.RecordedBy = 0, 0, time.Time{}, "" // each log's own
		b = e.AppendJSON(b[:0])
		h.Write(b)
	}
	return a.compare(question, answer{[sha256.Size]byte(h.Sum(nil)), len(entries), log})
}

// checkCounts compares counts with those of another log.
func (a *answers) checkCounts(log, question string, c peer.Counts) error {
	text, err := json.Marshal(c) // with its names sorted
	if err != nil {
		return err
	}
	return a.compare(question, answer{sha256.Sum256(text), len(c.Types) + len(c.Actions) + len(c.Actors) + len(c.Months), log})
}

// compare compares an answer with that of another log.
func (a *answers) compare(question string, got answer) error {
	want, ok := a.of[question]
	if !ok {
		a.of[question] = got
		return nil
	}
	if want.digest != got.digest {
		return fmt.Errorf("%s: %s answers %d rows, other than the %d of %s", question, got.from, got.rows, want.rows, want.from)
	}
	return nil
}

// place makes an empty folder for a log. It can be entered by everybody, because
// one of them runs as a user of its own.
func place(base, name string) (string, error) {
	dir := filepath.Join(base, name)
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	return dir, os.MkdirAll(dir, 0o755)
}
