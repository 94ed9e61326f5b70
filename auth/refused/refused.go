package refused

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"auditlog/audit"
	"auditlog/auth/fold"
	"auditlog/auth/rights"
)

// Journal is where the log's entries about itself are recorded.
type Journal interface {
	RecordOwn(ctx context.Context, e *audit.Entry) error
}

// Calls counts refused calls and records entries about them: few however many the calls, see
// package fold. Those of one kind are of one token, permission and project. What is beyond a
// token's share stands in the system project. One token makes about 10,000 entries a day at
// most. Its methods may be called by several goroutines at once.
type Calls struct {
	journal Journal
	now     func() time.Time
	tally   *fold.Tally[refusal]
	counts  struct{ refused, entries, failures, conflicts, exceeded atomic.Int64 }
}

// New returns Calls that are recorded in a journal.
func New(journal Journal, now func() time.Time) *Calls {
	return &Calls{journal: journal, now: now, tally: fold.New[refusal](maxKinds)}
}

// refusal is a call that was refused.
type refusal struct {
	call   *rights.Call
	denied rights.Denied
	// conflict is set of what is no refusal of a call, but of entries in it.
	conflict *Conflict
	// exceeded is set of what is over a limit.
	exceeded *audit.Exceeded
	// person is set of log-ins.
	person *stranger
}

// maxKinds is how many kinds of refusals one token has before the others are
// counted together.
const maxKinds = 32

// add counts so many of one kind, of a call.
func (c *Calls) add(kind fold.Kind, of refusal, count int64) {
	c.tally.Add(c.now(), kind, of, count, 0)
}

// Denied notes that a call was denied. The entry is recorded by Record: the answer
// neither waits for it nor fails with it.
func (c *Calls) Denied(call *rights.Call, denied *rights.Denied) {
	c.counts.refused.Add(1)
	kind := fold.Kind{Caller: call.Principal.TokenID, What: string(denied.Permission), Where: denied.Project}
	c.add(kind, refusal{call: call, denied: *denied}, 1)
}

// Due is sent to when something may be due before Wait said so.
func (c *Calls) Due() <-chan struct{} { return c.tally.Due() }

// Wait returns how long it is until something is due, an hour at most.
func (c *Calls) Wait() time.Duration { return c.tally.Wait(c.now()) }

// Record records what is due; what fails is counted on and tried again.
func (c *Calls) Record(ctx context.Context) error { return c.record(ctx, c.tally.Take(c.now())) }

// RecordAll records all that was noted.
func (c *Calls) RecordAll(ctx context.Context) error { return c.record(ctx, c.tally.TakeAll(c.now())) }

func (c *Calls) record(ctx context.Context, reports []fold.Report[refusal]) error {
	var failed error
	for _, rep := range reports {
		err := c.journal.RecordOwn(ctx, entry(&rep))
		if err == nil {
			c.counts.entries.Add(1)
			continue
		}
		c.counts.failures.Add(1)
		c.tally.GiveBack(rep, c.now())
		failed = errors.Join(failed, fmt.Errorf("record refusals: %w", err))
	}
	return failed
}

// Counts are numbers for monitoring, counted since the start.
type Counts struct {
	// Refused counts calls that the caller may not make, RefusalEntries the
	// entries that tell of them, RefusalFailures the failures to record one.
	Refused, RefusalEntries, RefusalFailures int64
	// Conflicts counts entries that were not recorded because others have their keys.
	Conflicts int64
	// Exceeded counts calls that were to record more than a limit allows.
	Exceeded int64
}

// Counts returns the numbers of now.
func (c *Calls) Counts() Counts {
	return Counts{
		Refused:         c.counts.refused.Load(),
		RefusalEntries:  c.counts.entries.Load(),
		RefusalFailures: c.counts.failures.Load(),
		Conflicts:       c.counts.conflicts.Load(),
		Exceeded:        c.counts.exceeded.Load(),
	}
}

// entry tells of the refusals that were counted.
func entry(rep *fold.Report[refusal]) *audit.Entry {
	denied := rep.Latest.denied
	if rep.Kind.Others() {
		denied.Project = ""
	}
	e := rep.Latest.call.Entry(denied.Permission, homeOfDenied(&denied), denied.Resource())
	e.Outcome = audit.Forbidden
	e.Detail = denied.Error()
	switch conflict, person := rep.Latest.conflict, rep.Latest.person; {
	case denied.Unknown:
		unknown(e, rep)
	case conflict != nil && !rep.Kind.Others():
		conflict.entry(e)
	case rep.Latest.exceeded != nil && !rep.Kind.Others():
		tellExceeded(e, rep.Latest.exceeded)
	case person != nil:
		person.entry(e)
	default:
		e.AddMetadata(map[string]string{"permission": string(denied.Permission)})
	}
	if rep.Kind.Others() {
		e.Detail = fmt.Sprintf("%s, and others: this caller was refused in more than %d ways", e.Detail, maxKinds)
	}
	fold.Tell(e, rep.Count, rep.First, rep.Last)
	e.Clean()
	return e
}

func homeOfDenied(d *rights.Denied) string {
	if d.Project == "" {
		return audit.SystemProject
	}
	return d.Project
}
