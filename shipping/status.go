package shipping

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"auditlog/audit"
)

// State says what a sink does.
type State string

// The states.
const (
	// Active ships, or waits for what comes.
	Active State = "active"
	// Failing tries again and again.
	Failing State = "failing"
	// Paused waits until it is resumed.
	Paused State = "paused"
	// Stopped has stopped by itself, and waits until it is resumed.
	Stopped State = "stopped"
	// Broken cannot be used as it is.
	Broken State = "broken"
)

// States returns all states.
func States() []State { return []State{Active, Failing, Paused, Stopped, Broken} }

// Status is what is told of a sink.
type Status struct {
	// Sink is without its secrets, and its To as Shown has it.
	Sink
	// SecretNames are those of the secrets that it has.
	SecretNames []string
	// Configured says that the configuration has it, which alone changes it.
	Configured bool
	State      State
	// Reason is why it is not active, or why nothing comes.
	Reason string
	// At is the number up to which all is done, Behind how many there are above; Since is
	// when the first of them was recorded, zero where there is none.
	At, Behind int64
	Since      time.Time
	// Counts; see place.
	Delivered, Resent, Refused, Purged, Retries, Letters int64
	// Resending says that the letters are being sent again.
	Resending   bool
	DeliveredAt time.Time
	// LastError is the last that failed, be it long over.
	LastError   string
	LastErrorAt time.Time
	// FailingSince and NextTry are of a failing one.
	FailingSince, NextTry time.Time
	// Silent says that the destination was told that nothing comes.
	Silent bool
	// Spark counts what was delivered in each of the last 60 minutes, since the start.
	Spark []int64
}

// List returns all sinks by name.
func (e *Engine) List(ctx context.Context) []Status {
	e.look(ctx)
	list := make([]Status, 0)
	for _, h := range e.all() {
		list = append(list, e.status(ctx, h))
	}
	return list
}

// all returns the sinks by name.
func (e *Engine) all() []*held {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.SortedFunc(maps.Values(e.sinks), func(a, b *held) int { return cmp.Compare(a.Name, b.Name) })
}

// Get returns one sink, or a NotFound Fault.
func (e *Engine) Get(ctx context.Context, name string) (Status, error) {
	e.look(ctx)
	h, err := e.find(name)
	if err != nil {
		return Status{}, err
	}
	return e.status(ctx, h), nil
}

// status returns what is told of a sink.
func (e *Engine) status(ctx context.Context, h *held) Status {
	now := e.opts.Now()
	h.mu.Lock()
	st := Status{Sink: h.Sink, Configured: h.configured, SecretNames: slices.Sorted(maps.Keys(h.Secrets))}
	st.To, st.Secrets = h.Shown(), nil
	p, l := h.place, &h.live
	l.turn(now)
	st.At, st.Delivered, st.Resent, st.Refused, st.Purged, st.Retries = p.At, p.Delivered, p.Resent, p.Refused, p.Purged, p.Retries
	st.Letters, st.Resending, st.DeliveredAt, st.Silent = p.Letters, p.Resending, p.DeliveredAt, p.Silent
	st.LastError, st.LastErrorAt = l.lastError, l.lastErrorAt
	st.FailingSince, st.NextTry = l.failing, l.next
	st.Spark = slices.Clone(l.spark[:])
	st.State, st.Reason = h.state()
	h.mu.Unlock()
	if st.State == Active && h.Project != "" {
		st.Reason = e.projectReason(h.Project)
	}
	st.Behind = max(e.newest(h.Project)-st.At, 0)
	if st.Behind > 0 {
		st.Since = e.recordedAfter(ctx, h, st.At)
	}
	return st
}

// projectReason says of a project why nothing is recorded to it, or nothing.
func (e *Engine) projectReason(name string) string {
	p, err := e.log.Project(name)
	switch {
	case audit.KindOf(err) == audit.NotFound:
		return "there is no project " + name + " yet"
	case err != nil || p.State == audit.Active:
		return ""
	case p.State == audit.Deleting:
		return "project " + name + " is deleted, and purged at " + p.Deletion.PurgeAt.UTC().Format(time.RFC3339)
	case p.State == audit.Purging:
		return "project " + name + " is being purged"
	}
	return "project " + name + " was purged"
}

// state returns what a sink does, and why. The caller holds h.mu.
func (h *held) state() (State, string) {
	switch {
	case h.fault != nil:
		return Broken, h.clean(h.fault.Error())
	case h.place.Stopped != "":
		return Stopped, h.place.Stopped
	case h.place.Paused:
		return Paused, ""
	case !h.live.failing.IsZero():
		return Failing, h.live.lastError
	}
	return Active, ""
}

// recordedAfter returns when the first entry behind a place was recorded; zero where the log
// does not tell.
func (e *Engine) recordedAfter(ctx context.Context, h *held, at int64) time.Time {
	read := func() (time.Time, error) {
		if h.Project != "" {
			entries, err := e.log.AfterSeq(ctx, h.Project, at, 1)
			if err == nil && len(entries) > 0 {
				return entries[0].RecordedAt, nil
			}
			return time.Time{}, err
		}
		entries, _, err := e.log.After(ctx, at, 1)
		if err == nil && len(entries) > 0 {
			return entries[0].RecordedAt, nil
		}
		return time.Time{}, err
	}
	t, err := read()
	if err != nil {
		return time.Time{}
	}
	return t
}

// Totals are numbers over all sinks, for monitoring.
type Totals struct {
	// Sinks counts them by state.
	Sinks map[State]int
	// Behind is how many entries that one has not shipped which is most behind, of those that
	// are not paused.
	Behind int64
	// Counts of entries since the sinks were made.
	Delivered, Refused, Purged, Retries, Letters int64
}

// Totals returns those of now.
func (e *Engine) Totals() Totals {
	t := Totals{Sinks: make(map[State]int)}
	for _, h := range e.all() {
		h.mu.Lock()
		p := h.place
		state, _ := h.state()
		h.mu.Unlock()
		t.Sinks[state]++
		t.Delivered, t.Refused, t.Purged = t.Delivered+p.Delivered, t.Refused+p.Refused, t.Purged+p.Purged
		t.Retries, t.Letters = t.Retries+p.Retries, t.Letters+p.Letters
		if state != Paused {
			t.Behind = max(t.Behind, e.newest(h.Project)-p.At)
		}
	}
	return t
}

// Purging is told that the purge of a project begins: nothing of it is shipped from memory from
// then on. It returns the sinks that ship it with the id up to which each has, for the entry
// that ends the purge.
func (e *Engine) Purging(ctx context.Context, project string) map[string]int64 {
	e.tap.Drop()
	through := make(map[string]int64)
	for _, h := range e.all() {
		p := h.where()
		switch h.Project {
		case "":
			through[h.Name] = p.At
		case project:
			if entries, err := e.log.AfterSeq(ctx, project, p.At, 1); err == nil && len(entries) > 0 {
				through[h.Name] = entries[0].ID - 1
			}
		}
	}
	return through
}
