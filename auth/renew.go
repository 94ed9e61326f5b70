package auth

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"auditlog/audit"
	"auditlog/auth/rights"
)

// Voucher is an identity provider, as far as sessions need one.
type Voucher interface {
	// Renew asks again about somebody who is logged in, with what it kept the last
	// time. It returns Unauthenticated or PermissionDenied when they may no longer be
	// here; every other error means that this could not be told.
	Renew(ctx context.Context, was Person, kept []byte) (Vouched, error)
}

// Asking an identity provider that is away: how long one waits for it, when it is
// asked again, and for how long what it said last is believed past its time.
const (
	renewTimeout = 15 * time.Second
	renewPause   = 30 * time.Second
	renewGrace   = time.Hour
)

// renewed returns a session about which the identity provider was asked not long ago,
// and asks it when that is due. A person who may no longer be here is logged out, and
// one whose groups gave something else goes on with that.
func (k *Keeper) renewed(ctx context.Context, a *active, secret string, now time.Time) (*active, error) {
	if a.Person != nil && k.opts.Voucher == nil {
		return nil, errSessionOver // nobody can say who people still are
	}
	if !k.stale(a, now) {
		return a, nil
	}
	a.renewing.Lock()
	defer a.renewing.Unlock()
	if a = k.findSession(a.ID); a == nil {
		return nil, errSessionOver
	}
	if !k.stale(a, now) {
		return a, nil
	}
	if now.UnixMicro() < a.retryAt.Load() {
		return k.unrenewed(a, now)
	}
	kept, err := unseal(secret, a.ID, a.sealed)
	if err != nil {
		return nil, err
	}
	// Whoever asked may go away: what the provider answers counts once, and is kept.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewTimeout)
	defer cancel()
	v, err := k.opts.Voucher.Renew(ctx, *a.Person, kept)
	switch kind := audit.KindOf(err); {
	case err == nil:
		return k.keepRenewed(ctx, a, secret, v, now)
	case kind == audit.Unauthenticated, kind == audit.PermissionDenied:
		return nil, k.logOutUnvouched(ctx, a, err)
	}
	k.report(fmt.Errorf("renew the session of %s: %w", a.Person.Email, err))
	a.retryAt.Store(now.Add(renewPause).UnixMicro())
	return k.unrenewed(a, now)
}

// stale reports whether the provider is to be asked about a session.
func (k *Keeper) stale(a *active, now time.Time) bool {
	return a.Person != nil && a.Renewable && now.Sub(a.VouchedAt) >= k.opts.RenewAfter
}

// unrenewed returns a session that could not be renewed, for as long as what was said
// of it last is believed.
func (k *Keeper) unrenewed(a *active, now time.Time) (*active, error) {
	if now.Sub(a.VouchedAt) < k.opts.RenewAfter+renewGrace {
		return a, nil
	}
	return nil, audit.Errorf(audit.Unavailable, "the identity provider cannot be asked whether you may still be here: try again later")
}

// keepRenewed writes what the provider says now. A change of rights is an entry.
func (k *Keeper) keepRenewed(ctx context.Context, a *active, secret string, v Vouched, now time.Time) (*active, error) {
	sealed, err := seal(secret, a.ID, v.Kept)
	if err != nil {
		return nil, err
	}
	k.begin()
	defer k.changing.Unlock()
	if k.findSession(a.ID) == nil {
		return nil, errSessionOver
	}
	next := a.with(func(n *active) {
		n.Person, n.VouchedAt, n.sealed, n.SeenAt = &v.Person, audit.Truncate(now), sealed, a.session().SeenAt
	})
	changed := changeEntry(a, next)
	if changed != nil {
		// What is being answered was asked with other rights.
		next.ended, next.end = context.WithCancelCause(context.Background())
	}
	if err := k.putSession(ctx, next, nil, changed); err != nil {
		return nil, err
	}
	if changed != nil {
		a.end(errRights)
	}
	return next, nil
}

var errRights = audit.Errorf(audit.Unauthenticated, "your rights have changed: ask again")

// changeEntry tells of a person whose name or rights are others than they were, or is
// nil for one who is the same.
func changeEntry(was, now *active) *audit.Entry {
	rightsChanged := !reflect.DeepEqual(was.Person.Grants, now.Person.Grants)
	if !rightsChanged && was.Person.Email == now.Person.Email {
		return nil
	}
	e := now.entry(rights.OwnCall(), rights.SessionUpdate)
	e.Detail = fmt.Sprintf("The identity provider says something else of %s", now.Person.Email)
	if was.Person.Email != now.Person.Email {
		e.Changes = append(e.Changes, audit.Change{Field: "email", Old: was.Person.Email, New: now.Person.Email})
	}
	if rightsChanged {
		e.Changes = append(e.Changes, audit.Change{Field: "grants", Old: describe(was.Person.Grants), New: describe(now.Person.Grants)})
	}
	e.Clean()
	return e
}

// logOutUnvouched ends the session of somebody who may no longer be here, and returns
// the reason as an Unauthenticated Fault.
func (k *Keeper) logOutUnvouched(ctx context.Context, a *active, reason error) error {
	k.begin()
	defer k.changing.Unlock()
	if a = k.findSession(a.ID); a == nil {
		return errSessionOver
	}
	entry := a.entry(rights.OwnCall(), rights.SessionEnd)
	entry.Detail = fmt.Sprintf("Ended the session of %s: the identity provider no longer lets them in", a.Person.Email)
	if err := k.putSession(ctx, nil, []*active{a}, entry); err != nil {
		return err
	}
	return fmt.Errorf("%w (%w)", errSessionOver, reason)
}
