package auth

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/auth/address"
	"auditlog/auth/rights"
	"auditlog/auth/secrets"
)

// Revoke ends a token at once, answers under way included.
//
// It returns *Denied for a caller who may not, NotFound for a token that is not
// there or not within the caller's projects, Conflict for one that ended already,
// that the environment sets, or without which nobody could make another. After any other
// error the token counts no longer all the same: see condemn.
func (k *Keeper) Revoke(ctx context.Context, call *rights.Call, id string) (Token, error) {
	if err := k.condemn(call, id); err != nil {
		return Token{}, err
	}
	k.begin()
	defer k.changing.Unlock()
	h := k.find(id)
	if h == nil || !h.doomed() {
		return Token{}, audit.Errorf(audit.Conflict, "the token was revoked by another call meanwhile")
	}
	return k.revoke(ctx, call, h, "")
}

func errOutside() error {
	return audit.Errorf(audit.Conflict, "the token is set by the environment of the log: change it there and start the log again")
}

var errLastAdmin = audit.Errorf(audit.Conflict, "the token is the last of an admin of all projects: create another one first")

// changeable returns a token that counts and that a caller may change. The caller holds
// changing.
func (k *Keeper) changeable(call *rights.Call, permission rights.Permission, id string) (*held, error) {
	return k.changeableOf(k.find(id), call, permission, id)
}

// changeableOf is changeable for the token that has the id, or nil.
func (k *Keeper) changeableOf(h *held, call *rights.Call, permission rights.Permission, id string) (*held, error) {
	if err := call.Principal.Check(permission, ""); err != nil {
		return nil, err
	}
	if h == nil || !call.Principal.Covers(permission, h.Projects) {
		return nil, audit.Errorf(audit.NotFound, "token %.64q not found", id)
	}
	if err := h.live(k.opts.Now()); err != nil {
		return nil, audit.Errorf(audit.Conflict, "%s", err)
	}
	if secrets.IsOutside(id) {
		return nil, errOutside()
	}
	return h, nil
}

// RevokeAll ends a token and all that was made with it, and with those in turn: what an
// intruder who had the token may have made. The id may be of a token that was revoked
// already, or name a person (see Person.Mark), whose tokens it ends. It returns those
// that it ended, the oldest ancestor first.
//
// Its errors are those of Revoke: an error of the log leaves all of them ended, and those
// that are not returned to be written later.
func (k *Keeper) RevokeAll(ctx context.Context, call *rights.Call, id string) ([]Token, error) {
	if err := call.Principal.Check(rights.TokenRevoke, ""); err != nil {
		return nil, err
	}
	list, err := k.condemnAll(call, id)
	if err != nil {
		return nil, err
	}
	k.begin()
	defer k.changing.Unlock()
	var ended []Token
	var failed error
	for _, of := range list {
		h := k.find(of)
		if h == nil || !h.doomed() {
			continue // another call was faster
		}
		cause := ""
		if of != id {
			cause = id
		}
		t, err := k.revoke(ctx, call, h, cause)
		if failed = errors.Join(failed, err); err == nil {
			ended = append(ended, t)
		}
	}
	return ended, failed
}

// family returns the token of an id and those that were made with it, directly or not,
// as far as they count, or are yet to be written as revoked, and are within the caller's
// projects. The caller holds k.mu.
func (k *Keeper) family(call *rights.Call, id string) (list []*held) {
	now := k.opts.Now()
	next, seen := []string{id}, map[string]bool{id: true}
	for len(next) > 0 {
		parent := next[0]
		next = next[1:]
		if h := k.tokens[parent]; h != nil && (h.live(now) == nil || h.doomed()) && call.Principal.Covers(rights.TokenRevoke, h.Projects) {
			list = append(list, h)
		}
		for _, h := range k.tokens {
			if h.Parent == parent && !seen[h.ID] {
				seen[h.ID] = true
				next = append(next, h.ID)
			}
		}
	}
	return list
}

// revoke ends a token, because of another one unless cause is empty. The caller holds
// changing.
func (k *Keeper) revoke(ctx context.Context, call *rights.Call, h *held, cause string) (Token, error) {
	at := audit.Truncate(k.opts.Now())
	if h.doomed() {
		at = h.condemnedAt()
	}
	next := h.with(func(t *Token) { t.RevokedAt = at })
	entry := call.Entry(rights.TokenRevoke, homeOf(h.Projects), audit.Resource{Type: "Token", ID: h.ID, Name: h.Name})
	entry.Detail = fmt.Sprintf("Revoked the %s token of %s", h.Role, h.Owner)
	if cause != "" {
		entry.Detail += ", which was made by way of " + cause
		entry.AddMetadata(map[string]string{"madeBy": h.Parent, "cascadeOf": cause})
	}
	if err := k.put(ctx, next, entry); errors.Is(err, audit.ErrOvertaken) {
		return k.revokeAnew(ctx, call, h, cause)
	} else if err != nil {
		return Token{}, k.revokeLater(call, h, cause, err)
	}
	next.end(next.live(k.opts.Now()))
	return next.token(), nil
}

// revokeAnew is revoke of a token after another node has changed some.
func (k *Keeper) revokeAnew(ctx context.Context, call *rights.Call, was *held, cause string) (Token, error) {
	k.rebase()
	h := k.find(was.ID)
	if h == nil || !h.RevokedAt.IsZero() {
		return was.token(), nil // by that one
	}
	return k.revoke(ctx, call, h, cause)
}

// maxGrace bounds how long two secrets of a token count beside each other.
const maxGrace = 30 * 24 * time.Hour

// Rotate gives a token a new secret and returns it. The one before counts for a grace
// more, so that whoever calls with it can change over; one that was rotated out earlier
// counts no longer. A new expiry is taken unless it is zero.
//
// Its errors are those of Revoke, also *Denied for a token in another's name that the
// caller could not have made, and Invalid for a grace or an expiry that cannot be.
func (k *Keeper) Rotate(ctx context.Context, call *rights.Call, id string, grace time.Duration, expires time.Time) (secret string, t Token, err error) {
	now := audit.Truncate(k.opts.Now())
	if grace < 0 || grace > maxGrace {
		return "", Token{}, audit.FieldErrorf("graceSeconds", "must be between 0 and %d", int(maxGrace.Seconds()))
	}
	if !expires.IsZero() && !expires.After(now) {
		return "", Token{}, audit.FieldErrorf("expiresAt", "must be in the future")
	}
	if err := k.checkLife(expires, now); err != nil {
		return "", Token{}, err
	}
	k.begin()
	defer k.changing.Unlock()
	h, err := k.changeable(call, rights.TokenRotate, id)
	if err != nil {
		return "", Token{}, err
	}
	if k.mayName(&call.Principal, &h.Token) != nil {
		// Whoever has another's secret acts as that one.
		return "", Token{}, &rights.Denied{Permission: rights.TokenRotate, Project: denialOf(h.Projects), All: true}
	}
	if err := k.SpareGrant(&call.Principal, h.Projects...); err != nil {
		return "", Token{}, err
	}
	if secret, err = secrets.OfID(secrets.TokenPrefix, id, k.opts.Rand); err != nil {
		return "", Token{}, err
	}
	next := h.with(func(t *Token) {
		t.RotatedAt, t.FormerUntil = now, now.Add(grace)
		if !expires.IsZero() {
			t.ExpiresAt = audit.Truncate(expires)
		}
	})
	next.madeBy(&call.Principal)
	next.former, next.hash = h.hash, secrets.HashOf(secret)
	if err := k.put(ctx, next, rotateEntry(call, h, next)); err != nil {
		return "", Token{}, err
	}
	return secret, next.token(), nil
}

// rotateEntry tells of a token that got a new secret.
func rotateEntry(call *rights.Call, was, now *held) *audit.Entry {
	e := call.Entry(rights.TokenRotate, homeOf(now.Projects), audit.Resource{Type: "Token", ID: now.ID, Name: now.Name})
	e.Detail = fmt.Sprintf("Gave the %s token of %s a new secret; the old one counts until %s",
		now.Role, now.Owner, now.FormerUntil.Format(time.RFC3339))
	if !was.ExpiresAt.Equal(now.ExpiresAt) {
		e.Changes = []audit.Change{{Field: "expiresAt", Old: timeOrNever(was.ExpiresAt), New: timeOrNever(now.ExpiresAt)}}
	}
	return e
}

func timeOrNever(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Format(time.RFC3339)
}

func joinAddresses(list []netip.Prefix) string {
	words := make([]string, len(list))
	for i, p := range list {
		words[i] = address.FormatRange(p)
	}
	return strings.Join(words, ", ")
}
