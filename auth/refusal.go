package auth

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"auditlog/audit"
)

// refusals turns refused calls into entries, few of them however many the calls.
//
// Refusals of one kind are those of one token, permission and project. The first
// of a kind is an entry at once. Those that follow are counted, and the count is an
// entry with the first and last time after a minute, then ten, then each hour; a
// kind of which nothing was heard for ten minutes is forgotten, so that the next
// is a first again. A token has at most maxKinds kinds; those beyond, as from a
// caller who tries every name, are counted together in the system project. So one
// token makes at most about 10,000 entries a day, and the memory is bounded by the
// number of tokens.
type refusals struct {
	wake chan struct{} // of one: an entry is due at once

	mu     sync.Mutex // guards what follows
	kinds  map[refusalKind]*refusal
	tokens map[string]int // kinds by token, the one for all others left out
}

type refusalKind struct {
	token      string
	permission Permission
	project    string
	conflict   bool
}

// refusal is the state of one kind.
type refusal struct {
	kind   refusalKind
	denied Denied
	// conflict is set of the kind that is no refusal of a call, but of entries in it.
	conflict *Conflict
	call     *Call // the latest
	// count is of those that no entry tells of yet, first the time of the first.
	count       int64
	first, last time.Time
	entries     int // how many entries were made
	due         time.Time
}

// maxKinds is how many kinds of refusals one token has before the others are
// counted together.
const maxKinds = 32

// forgetAfter is how long a kind that is silent is remembered.
const forgetAfter = 10 * time.Minute

// pauseAfter returns how long counting goes on after the n-th entry of a kind.
func pauseAfter(n int) time.Duration {
	switch n {
	case 1:
		return time.Minute
	case 2:
		return 10 * time.Minute
	}
	return time.Hour
}

func newRefusals() *refusals {
	return &refusals{
		wake:   make(chan struct{}, 1),
		kinds:  make(map[refusalKind]*refusal),
		tokens: make(map[string]int),
	}
}

// Refuse notes that a call was denied. The entry is recorded by Run: the answer
// neither waits for it nor fails with it.
func (k *Keeper) Refuse(call *Call, denied *Denied) {
	k.counts.refused.Add(1)
	k.refusals.add(k.opts.Now(), call, denied)
}

func (r *refusals) add(now time.Time, call *Call, denied *Denied) {
	r.addKind(now, refusalKind{token: call.Principal.TokenID, permission: denied.Permission, project: denied.Project}, call, denied)
}

func (r *refusals) addKind(now time.Time, kind refusalKind, call *Call, denied *Denied) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count(now, kind, call, denied)
}

// count counts one more of a kind. The caller holds r.mu.
func (r *refusals) count(now time.Time, kind refusalKind, call *Call, denied *Denied) *refusal {
	s := r.state(kind)
	if s.count == 0 {
		s.first = now
	}
	if s.entries == 0 && s.count == 0 {
		s.due = now
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
	s.count++
	s.last, s.call, s.denied = now, call, *denied
	return s
}

// state returns the state of a kind, or of all kinds beyond its token's share.
func (r *refusals) state(kind refusalKind) *refusal {
	if s := r.kinds[kind]; s != nil {
		return s
	}
	if r.tokens[kind.token] >= maxKinds {
		kind = refusalKind{token: kind.token}
		if s := r.kinds[kind]; s != nil {
			return s
		}
	} else {
		r.tokens[kind.token]++
	}
	s := &refusal{kind: kind}
	r.kinds[kind] = s
	return s
}

// others reports whether s counts the kinds beyond a token's share.
func (s *refusal) others() bool { return s.kind.permission == "" }

// forget drops a kind. The caller holds r.mu.
func (r *refusals) forget(s *refusal) {
	delete(r.kinds, s.kind)
	if s.others() {
		return
	}
	if r.tokens[s.kind.token]--; r.tokens[s.kind.token] == 0 {
		delete(r.tokens, s.kind.token)
	}
}

// wait returns how long it is until something is due.
func (r *refusals) wait(now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	wait := time.Hour
	for _, s := range r.kinds {
		wait = min(wait, s.due.Sub(now))
	}
	return max(wait, 0)
}

// refusalReport is an entry to be recorded, with what it takes off its kind.
type refusalReport struct {
	of    *refusal
	entry *audit.Entry
	count int64
	first time.Time
}

// take returns what is due, and forgets the kinds that are silent.
func (r *refusals) take(now time.Time) []refusalReport {
	r.mu.Lock()
	defer r.mu.Unlock()
	var reports []refusalReport
	for _, s := range r.kinds {
		switch {
		case s.due.After(now):
		case s.count > 0:
			reports = append(reports, s.report(now))
		case now.Sub(s.last) >= forgetAfter:
			r.forget(s)
		default:
			s.due = s.last.Add(forgetAfter)
		}
	}
	return reports
}

// takeAll returns everything that no entry tells of yet.
func (r *refusals) takeAll(now time.Time) []refusalReport {
	r.mu.Lock()
	defer r.mu.Unlock()
	var reports []refusalReport
	for _, s := range r.kinds {
		if s.count > 0 {
			reports = append(reports, s.report(now))
		}
	}
	return reports
}

// giveBack undoes a report that could not be recorded; it is due again in a while.
func (r *refusals) giveBack(rep refusalReport, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := rep.of
	s.count += rep.count
	s.first = rep.first
	s.entries--
	s.due = now.Add(time.Minute)
}

func (s *refusal) report(now time.Time) refusalReport {
	rep := refusalReport{of: s, entry: s.entry(), count: s.count, first: s.first}
	s.count = 0
	s.entries++
	s.due = now.Add(pauseAfter(s.entries))
	return rep
}

// entry tells of the refusals that were counted.
func (s *refusal) entry() *audit.Entry {
	denied := s.denied
	if s.others() {
		denied.Project = ""
	}
	e := s.call.Entry(denied.Permission, homeOfDenied(&denied), denied.resource())
	e.Outcome = audit.Forbidden
	e.CreatedAt = s.last
	e.Detail = denied.Error()
	switch {
	case denied.Unknown:
		s.unknown(e)
	case s.conflict != nil:
		s.conflict.entry(e)
	default:
		addMetadata(e, map[string]string{"permission": string(denied.Permission)})
	}
	if s.others() {
		e.Detail = fmt.Sprintf("%s, and others: this caller was refused in more than %d ways", e.Detail, maxKinds)
	}
	if s.count > 1 {
		e.Metadata["count"] = strconv.FormatInt(s.count, 10)
		e.Metadata["firstAt"] = audit.Truncate(s.first).Format(time.RFC3339Nano)
		e.Metadata["lastAt"] = audit.Truncate(s.last).Format(time.RFC3339Nano)
	}
	return e
}

func homeOfDenied(d *Denied) string {
	if d.Project == "" {
		return audit.SystemProject
	}
	return d.Project
}

// recordRefusals records reports; what fails is counted on and tried again.
func (k *Keeper) recordRefusals(ctx context.Context, reports []refusalReport) error {
	var failed error
	for _, rep := range reports {
		err := k.storage.RecordOwn(ctx, rep.entry)
		if err == nil {
			k.counts.refusalEntries.Add(1)
			continue
		}
		k.counts.refusalFailures.Add(1)
		k.refusals.giveBack(rep, k.opts.Now())
		failed = errors.Join(failed, fmt.Errorf("record refusals: %w", err))
	}
	return failed
}
