package auth

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"auditlog/audit"
	"auditlog/auth/address"
	"auditlog/auth/rights"
	"auditlog/auth/secrets"
)

// Token is what is told of a token. Its secret is nowhere but with its owner.
type Token struct {
	// ID is public, and given by the log.
	ID string `json:"-"`
	// Name says what the token is for.
	Name string `json:"name,omitempty"`
	// Owner is the e-mail of who calls with the token.
	Owner     string          `json:"owner"`
	OwnerType audit.ActorType `json:"ownerType"`
	Role      rights.Role     `json:"role"`
	// Projects are those that the token is for, sorted; all when empty.
	Projects  []string  `json:"projects,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
	// CreatedBy is the e-mail of who made the token, Parent the id of the token that it
	// was made with, or what names the person; see Principal.RecordedBy.
	CreatedBy string `json:"createdBy,omitempty"`
	// Makers are the tokens by way of which this one was made, the nearest first: each
	// its id, a space and its owner. What the log made itself has none.
	Makers []string `json:"makers,omitempty"`
	Parent string   `json:"parent,omitempty"`
	// Addresses are the ranges that calls with the token may come from; anywhere when
	// empty.
	Addresses []netip.Prefix `json:"addresses,omitempty"`
	// RotatedAt is when the token got its present secret, FormerUntil until when the
	// one before counts.
	RotatedAt   time.Time `json:"rotatedAt,omitzero"`
	FormerUntil time.Time `json:"formerUntil,omitzero"`
	// ExpiresAt, RevokedAt and LastUsedAt are zero when there is no such time.
	ExpiresAt  time.Time `json:"expiresAt,omitzero"`
	RevokedAt  time.Time `json:"revokedAt,omitzero"`
	LastUsedAt time.Time `json:"lastUsedAt,omitzero"`
	// LastUsedFrom is where the last call came from; empty where that is not known.
	LastUsedFrom string `json:"lastUsedFrom,omitempty"`
}

// maxRanges is how many ranges of addresses a token is for at most.
const maxRanges = 100

// normalize brings a token from outside into the form in which it is kept.
func (t *Token) normalize() {
	if t.OwnerType == "" {
		t.OwnerType = audit.User
	}
	if !t.ExpiresAt.IsZero() {
		t.ExpiresAt = audit.Truncate(t.ExpiresAt)
	}
	for i, p := range t.Addresses {
		t.Addresses[i] = address.Canonical(p)
	}
}

// validate returns the first thing about a normalized token that is refused, as
// an Invalid Fault with the path of the field.
func (t *Token) validate(now time.Time) error {
	if err := (&rights.Grant{Role: t.Role, Projects: t.Projects}).Check(); err != nil {
		return err
	}
	if len(t.Addresses) > maxRanges {
		return audit.FieldErrorf("addresses", "must be at most %d, or none for all", maxRanges)
	}
	for i, p := range t.Addresses {
		if !p.IsValid() {
			return audit.FieldErrorf(fmt.Sprintf("addresses[%d]", i), "must be an address or a range such as 10.0.0.0/8")
		}
	}
	if !t.ExpiresAt.IsZero() && !t.ExpiresAt.After(now) {
		return audit.FieldErrorf("expiresAt", "must be in the future")
	}
	return t.validateNames(now)
}

// validateNames holds owner and name to the limits of the entries that will name
// them: it makes such an entry.
func (t *Token) validateNames(now time.Time) error {
	e := audit.Entry{
		Project: audit.SystemProject, Actor: audit.Actor{Email: t.Owner, Type: t.OwnerType},
		Action: string(rights.TokenCreate), Resource: audit.Resource{Type: "Token", Name: t.Name}, Outcome: audit.Success,
	}
	return audit.RenameField(e.Validate(now), map[string]string{
		"actor.email": "owner", "actor.type": "ownerType", "resource.name": "name",
	})
}

// keptFor is how long a token that ended is still listed.
const keptFor = 30 * 24 * time.Hour

// endedAt returns when t was revoked or, if that was earlier, expired.
func (t *Token) endedAt() (at time.Time, ends bool) {
	at = t.RevokedAt
	if at.IsZero() || !t.ExpiresAt.IsZero() && t.ExpiresAt.Before(at) {
		at = t.ExpiresAt
	}
	return at, !at.IsZero()
}

// live returns why t does not count at the given time, or nil.
func (t *Token) live(now time.Time) error {
	switch {
	case !t.RevokedAt.IsZero():
		return audit.Errorf(audit.Unauthenticated, "the token was revoked at %s", t.RevokedAt.Format(time.RFC3339))
	case !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt):
		return audit.Errorf(audit.Unauthenticated, "the token expired at %s", t.ExpiresAt.Format(time.RFC3339))
	}
	return nil
}

// tokenRecord is a token in the database, under its id: JSON, as there are few.
type tokenRecord struct {
	Token
	Hash   []byte `json:"hash"`
	Former []byte `json:"former,omitempty"` // the hash of the secret before
}

// held is a token in memory. All but used is never changed: a change of the token
// makes another held.
type held struct {
	Token     // LastUsedAt and LastUsedFrom are those of the database
	hash      secrets.Hash
	former    secrets.Hash // of the secret before; all zero when there is none
	principal rights.Principal
	used      *atomic.Int64               // last use, in microseconds since the epoch; 0 before the first
	from      *atomic.Pointer[netip.Addr] // where that came from; nil before the first
	// ended is done once the token is revoked or replaced. It outlives this held:
	// all that stand for one secret share it.
	ended context.Context
	end   context.CancelCauseFunc
	// condemned is when the token was revoked, in microseconds since the epoch, which
	// counts before it is written; 0 before. It is shared as ended is.
	condemned *atomic.Int64
}

func newHeld(t Token, hash secrets.Hash) *held {
	h := &held{Token: t, hash: hash, used: new(atomic.Int64), from: new(atomic.Pointer[netip.Addr]),
		condemned: new(atomic.Int64)}
	h.principal = rights.Principal{
		Owner: t.Owner, Type: t.OwnerType, Grants: []rights.Grant{{Role: t.Role, Projects: t.Projects}},
		TokenID: t.ID, TokenCreatedBy: t.CreatedBy, TokenMakers: t.Makers,
	}
	if !t.LastUsedAt.IsZero() {
		h.used.Store(t.LastUsedAt.UnixMicro())
	}
	if from, err := netip.ParseAddr(t.LastUsedFrom); err == nil {
		h.from.Store(&from)
	}
	h.ended, h.end = context.WithCancelCause(context.Background())
	return h
}

// doomed reports whether the token is revoked, and no record says so yet.
func (h *held) doomed() bool { return h.RevokedAt.IsZero() && h.condemned.Load() != 0 }

// condemnedAt returns when the token was revoked, where it is doomed.
func (h *held) condemnedAt() time.Time { return time.UnixMicro(h.condemned.Load()).UTC() }

// live returns why h does not count at the given time, or nil.
func (h *held) live(now time.Time) error {
	t := h.Token
	if h.doomed() {
		t.RevokedAt = h.condemnedAt()
	}
	return t.live(now)
}

// with returns h with its token changed.
func (h *held) with(change func(*Token)) *held {
	next := *h
	change(&next.Token)
	return &next
}

// token returns what is told of h now.
func (h *held) token() Token {
	t := h.Token
	if used := h.used.Load(); used != 0 {
		t.LastUsedAt = time.UnixMicro(used).UTC()
	}
	if from := h.from.Load(); from != nil {
		t.LastUsedFrom = from.String()
	}
	return t
}

// noteUse notes a call with the token at a time and from an address.
func (h *held) noteUse(now time.Time, from netip.Addr) {
	h.used.Store(now.UnixMicro())
	if last := h.from.Load(); from.IsValid() && (last == nil || *last != from) {
		h.from.Store(&from)
	}
}

// answersTo reports whether a hash is that of a secret of h which counts at the time.
func (h *held) answersTo(hash secrets.Hash, now time.Time) bool {
	if h.hash.Is(&hash) {
		return true
	}
	return now.Before(h.FormerUntil) && h.former.Is(&hash)
}

// admits returns nil if calls with h may come from an address, else a *Denied. Where no
// address is known, as with a Unix socket, only tokens for anywhere are let in.
func (h *held) admits(from netip.Addr) error {
	in := func(p netip.Prefix) bool { return p.Contains(from) }
	if len(h.Addresses) == 0 || slices.ContainsFunc(h.Addresses, in) {
		return nil
	}
	return &rights.Denied{Permission: rights.TokenUse, From: from}
}

// encode returns the value of h in the database.
func (h *held) encode() ([]byte, error) {
	rec := tokenRecord{Token: h.token(), Hash: h.hash[:]}
	if !h.FormerUntil.IsZero() {
		rec.Former = h.former[:]
	}
	v, err := json.Marshal(rec)
	if err != nil {
		return nil, fmt.Errorf("encode token %s: %w", h.ID, err)
	}
	return v, nil
}

// decodeToken reads what encode returned. What a token may do is never guessed:
// a record that is not wholly understood is an error.
func decodeToken(id string, v []byte) (*held, error) {
	var rec tokenRecord
	d := json.NewDecoder(bytes.NewReader(v))
	d.DisallowUnknownFields()
	if err := d.Decode(&rec); err != nil {
		return nil, fmt.Errorf("decode token %q: %w", id, err)
	}
	if len(rec.Hash) != sha256.Size || len(rec.Former) != 0 && len(rec.Former) != sha256.Size {
		return nil, fmt.Errorf("decode token %q: hashes of %d and %d bytes", id, len(rec.Hash), len(rec.Former))
	}
	rec.ID = id
	// The expiry lay in the future when the token was made.
	if err := rec.validate(time.Time{}); err != nil {
		return nil, fmt.Errorf("decode token %q: %w", id, err)
	}
	h := newHeld(rec.Token, secrets.Hash(rec.Hash))
	copy(h.former[:], rec.Former)
	return h, nil
}

// newestFirst sorts tokens for a listing.
func newestFirst(tokens []Token) {
	slices.SortFunc(tokens, func(a, b Token) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
}
