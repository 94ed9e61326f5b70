package auth

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"auditlog/audit"
	"auditlog/auth/fold"
)

// Refused calls become entries, few of them however many the calls: see package fold.
// Those of one kind are of one token, permission and project. What is beyond a token's
// share stands in the system project. One token makes about 10,000 entries a day at most.
type refusals = fold.Tally[refusal]

// refusal is a call that was refused.
type refusal struct {
	call   *Call
	denied Denied
	// conflict is set of what is no refusal of a call, but of entries in it.
	conflict *Conflict
	// exceeded is set of what is over a limit.
	exceeded *audit.Exceeded
	// notAdmitted is set of log-ins.
	notAdmitted *NotAdmitted
}

// maxKinds is how many kinds of refusals one token has before the others are
// counted together.
const maxKinds = 32

// Refuse notes that a call was denied. The entry is recorded by Run: the answer
// neither waits for it nor fails with it.
func (k *Keeper) Refuse(call *Call, denied *Denied) {
	k.counts.refused.Add(1)
	kind := fold.Kind{Caller: call.Principal.TokenID, What: string(denied.Permission), Where: denied.Project}
	k.refusals.Add(k.opts.Now(), kind, refusal{call: call, denied: *denied}, 1, 0)
}

// refusalEntry tells of the refusals that were counted.
func refusalEntry(rep *fold.Report[refusal]) *audit.Entry {
	denied := rep.Latest.denied
	if rep.Kind.Others() {
		denied.Project = ""
	}
	e := rep.Latest.call.Entry(denied.Permission, homeOfDenied(&denied), denied.resource())
	e.Outcome = audit.Forbidden
	e.Detail = denied.Error()
	switch conflict, person := rep.Latest.conflict, rep.Latest.notAdmitted; {
	case denied.Unknown:
		unknown(e, rep)
	case conflict != nil && !rep.Kind.Others():
		conflict.entry(e)
	case rep.Latest.exceeded != nil && !rep.Kind.Others():
		tellExceeded(e, rep.Latest.exceeded)
	case person != nil:
		person.entry(e)
	default:
		addMetadata(e, map[string]string{"permission": string(denied.Permission)})
	}
	if rep.Kind.Others() {
		e.Detail = fmt.Sprintf("%s, and others: this caller was refused in more than %d ways", e.Detail, maxKinds)
	}
	Folded(e, rep.Count, rep.First, rep.Last)
	e.Clean()
	return e
}

// Folded makes an entry tell of several calls, the last of which it was made of: how many,
// and when the first and the last were.
func Folded(e *audit.Entry, count int64, first, last time.Time) {
	e.CreatedAt = last
	if count > 1 {
		addMetadata(e, map[string]string{
			"count":   strconv.FormatInt(count, 10),
			"firstAt": audit.Truncate(first).Format(time.RFC3339Nano),
			"lastAt":  audit.Truncate(last).Format(time.RFC3339Nano),
		})
	}
}

func homeOfDenied(d *Denied) string {
	if d.Project == "" {
		return audit.SystemProject
	}
	return d.Project
}

// recordRefusals records reports; what fails is counted on and tried again.
func (k *Keeper) recordRefusals(ctx context.Context, reports []fold.Report[refusal]) error {
	var failed error
	for _, rep := range reports {
		err := k.storage.RecordOwn(ctx, refusalEntry(&rep))
		if err == nil {
			k.counts.refusalEntries.Add(1)
			continue
		}
		k.counts.refusalFailures.Add(1)
		k.refusals.GiveBack(rep, k.opts.Now())
		failed = errors.Join(failed, fmt.Errorf("record refusals: %w", err))
	}
	return failed
}
