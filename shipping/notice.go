package shipping

import (
	"context"
	"fmt"
	"time"

	"auditlog/audit"
	"auditlog/sink"
)

// What the log records of its own accord about sinks. The first two are sent to the sink as well.
const (
	// actionSilence says that nothing was there to be shipped for as long as the sink says.
	actionSilence = "sink.silence"
	// actionReturn says that there is again.
	actionReturn = "sink.return"
	// actionStop says that a sink stopped by itself.
	actionStop = "sink.stop"
)

// isNotice reports whether an entry tells of silence, and so is no sign of life of those who
// record.
func isNotice(e *audit.Entry) bool {
	return e.Project == audit.SystemProject && e.RecordedBy == audit.RecordedByLog &&
		(e.Action == actionSilence || e.Action == actionReturn || e.Action == actionStop)
}

// ownEntry returns an entry of the log about a sink.
func ownEntry(action string, h *held) *audit.Entry {
	e := &audit.Entry{
		Project:  audit.SystemProject,
		Actor:    audit.Actor{Email: "auditlog", Type: audit.ServiceAccount},
		Action:   action,
		Resource: audit.Resource{Type: ResourceType, ID: h.Name, Name: h.Name},
		Outcome:  audit.Success,
	}
	if h.Project != "" {
		e.Metadata = map[string]string{"shippedProject": h.Project}
	}
	return e
}

// ResourceType is that of entries about sinks.
const ResourceType = "Sink"

// longest is how long a runner waits at most until it looks around: how long it was quiet is
// kept then.
const longest = time.Minute

// quiet returns for how long nothing was there to be shipped.
func (r *runner) quiet(p *place) time.Duration { return p.Quiet + time.Since(r.quietFrom) }

// patience returns how long to wait for an entry until something has to be done.
func (r *runner) patience() time.Duration {
	if p := r.h.where(); r.h.Silence > 0 && !p.Silent {
		return min(max(r.h.Silence-r.quiet(&p), 0), longest)
	}
	return longest
}

// silent reports whether the silence is to be told of.
func (r *runner) silent() bool {
	p := r.h.where()
	return r.h.Silence > 0 && !p.Silent && r.quiet(&p) >= r.h.Silence
}

// keepQuiet adds what was quiet to the place, by this process's own time: no clock that is set
// makes a silence, and none is lost by a restart.
func (r *runner) keepQuiet() {
	if r.h.Silence == 0 {
		return
	}
	r.h.mu.Lock()
	defer r.h.mu.Unlock()
	r.h.place.Quiet = r.quiet(&r.h.place)
	r.quietFrom = time.Now()
	r.h.changed = max(r.h.changed, some)
}

// noteSilence records that nothing comes, to be sent next.
func (r *runner) noteSilence(ctx context.Context) error {
	r.keepQuiet()
	p := r.h.where()
	e := ownEntry(actionSilence, r.h)
	e.Outcome = audit.Error
	e.Detail = fmt.Sprintf("Nothing to ship to sink %s for %s", r.h.Name, p.Quiet.Round(time.Second))
	if !p.DeliveredAt.IsZero() {
		e.Detail += "; the last was delivered at " + p.DeliveredAt.Format(time.RFC3339)
	}
	return r.notice(ctx, e, true)
}

// wake notes that something was there to be shipped, and records that if the destination was
// told that nothing is.
func (r *runner) wake(ctx context.Context) error {
	if r.h.Silence == 0 {
		return nil
	}
	r.quietFrom = time.Now()
	r.h.mu.Lock()
	silent := r.h.place.Silent
	if r.h.place.Quiet > 0 {
		r.h.place.Quiet = 0
		r.h.changed = max(r.h.changed, some)
	}
	r.h.mu.Unlock()
	if !silent {
		return nil
	}
	e := ownEntry(actionReturn, r.h)
	e.Detail = fmt.Sprintf("Entries to ship to sink %s come again", r.h.Name)
	return r.notice(ctx, e, false)
}

// notice records an entry about silence. One that the sink does not ship anyway, is sent to it
// in the next step. A crash in between may repeat it.
func (r *runner) notice(ctx context.Context, e *audit.Entry, silent bool) error {
	e.Clean()
	if err := r.e.log.RecordOwn(ctx, e); err != nil {
		return fmt.Errorf("record %s: %w", e.Action, err)
	}
	r.h.mu.Lock()
	defer r.h.mu.Unlock()
	r.h.place.Silent = silent
	if !r.sel.Match(e) {
		r.h.place.Notice = e.ID
	}
	r.h.changed = soon
	r.e.hurry()
	return nil
}

// deliverNotice sends the entry with an id, which is not in the sink's own order.
func (r *runner) deliverNotice(ctx context.Context, id int64) error {
	e, err := r.e.log.Get(ctx, audit.SystemProject, id)
	if err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	b := &sink.Batch{From: e.ID, To: e.ID, Entries: []*audit.Entry{e}}
	return r.deliver(ctx, b, func(p *place, _ []*audit.Entry) {
		if p.Notice == id {
			p.Notice = 0
		}
	})
}
