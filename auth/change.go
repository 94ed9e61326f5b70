package auth

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"auditlog/audit"
)

// Create makes a token of t's Name, Owner, OwnerType, Role, Projects and ExpiresAt
// and returns its secret, which nothing can tell afterwards.
//
// It returns *Denied for a caller who may not, which is also one who asks for more
// projects than its own, and Invalid for a token that cannot be.
func (k *Keeper) Create(ctx context.Context, call *Call, t Token) (secret string, made Token, err error) {
	if err := call.Principal.Check(TokenCreate, ""); err != nil {
		return "", Token{}, err
	}
	now := audit.Truncate(k.opts.Now())
	t.normalize()
	if err := t.validate(now); err != nil {
		return "", Token{}, err
	}
	// Sorted only now, so that the error names a project's place in the request.
	t.Projects = slices.Compact(slices.Sorted(slices.Values(t.Projects)))
	if err := call.Principal.mayGrant(t.Projects); err != nil {
		return "", Token{}, err
	}
	k.changing.Lock()
	defer k.changing.Unlock()
	if err := k.checkOwner(&call.Principal, &t); err != nil {
		return "", Token{}, err
	}
	secret, id, err := k.unusedSecret()
	if err != nil {
		return "", Token{}, err
	}
	t.ID, t.CreatedAt, t.CreatedBy, t.Makers = id, now, call.Principal.Owner, call.Principal.Chain()
	t.RevokedAt, t.LastUsedAt = time.Time{}, time.Time{}
	if err := k.put(ctx, newHeld(t, hashSecret(secret)), createEntry(call, &t)); err != nil {
		return "", Token{}, err
	}
	return secret, t, nil
}

// mayGrant returns nil if a token for the given projects is in p's gift.
func (p *Principal) mayGrant(projects []string) error {
	for _, name := range projects {
		if err := p.Check(TokenCreate, name); err != nil {
			return err
		}
	}
	if !p.contains(TokenCreate, projects) {
		return &Denied{Permission: TokenCreate, All: true}
	}
	return nil
}

// unusedSecret makes a secret whose id no other token has.
func (k *Keeper) unusedSecret() (secret, id string, err error) {
	for {
		secret, id, err := newSecret(k.opts.Rand)
		if err != nil || k.find(id) == nil {
			return secret, id, err
		}
	}
}

// Revoke ends a token at once, answers under way included.
//
// It returns *Denied for a caller who may not, NotFound for a token that is not
// there or not within the caller's projects, Conflict for one that ended already,
// that the environment sets, or without which nobody could make another.
func (k *Keeper) Revoke(ctx context.Context, call *Call, id string) (Token, error) {
	if err := call.Principal.Check(TokenRevoke, ""); err != nil {
		return Token{}, err
	}
	k.changing.Lock()
	defer k.changing.Unlock()
	h := k.find(id)
	if h == nil || !call.Principal.contains(TokenRevoke, h.Projects) {
		return Token{}, audit.Errorf(audit.NotFound, "token %.64q not found", id)
	}
	if err := h.live(k.opts.Now()); err != nil {
		return Token{}, audit.Errorf(audit.Conflict, "%s", err)
	}
	if isOutside(id) {
		return Token{}, audit.Errorf(audit.Conflict, "the token is set by the environment of the log: change it there and start the log again")
	}
	if h.administers() && !k.administered(id) {
		return Token{}, audit.Errorf(audit.Conflict, "the token is the last of an admin of all projects: create another one first")
	}
	return k.revoke(ctx, call, h)
}

func (k *Keeper) revoke(ctx context.Context, call *Call, h *held) (Token, error) {
	next := h.with(func(t *Token) { t.RevokedAt = audit.Truncate(k.opts.Now()) })
	entry := call.Entry(TokenRevoke, homeOf(h.Projects), audit.Resource{Type: "Token", ID: h.ID, Name: h.Name})
	entry.Detail = fmt.Sprintf("Revoked the %s token of %s", h.Role, h.Owner)
	if err := k.put(ctx, next, entry); err != nil {
		return Token{}, err
	}
	next.end(next.live(k.opts.Now()))
	return next.token(), nil
}

// put writes a token with the entry that tells of it. The caller holds changing.
func (k *Keeper) put(ctx context.Context, h *held, entry *audit.Entry) error {
	v, err := h.encode()
	if err != nil {
		return err
	}
	if err := k.storage.ChangeTokens(ctx, map[string][]byte{h.ID: v}, nil, entry); err != nil {
		return err
	}
	k.apply(map[string]*held{h.ID: h}, nil)
	return nil
}

// administers reports whether h can make tokens of every kind.
func (h *held) administers() bool { return h.principal.MayEverywhere(TokenCreate) }

// administered reports whether some other token can make tokens of every kind.
func (k *Keeper) administered(except string) bool {
	now := k.opts.Now()
	k.mu.RLock()
	defer k.mu.RUnlock()
	for id, h := range k.tokens {
		if id != except && h.administers() && h.live(now) == nil {
			return true
		}
	}
	return false
}

// Start makes sure that somebody can administer the log, and is called before
// anybody can call it.
//
// A secret that is set from outside is an admin's of all projects, replaces the
// one that was set before, and when it is no longer set counts no longer. Where no
// admin token for all projects is left, one is made. It is shown before it is
// stored, so that a crash between leaves no token that nobody has seen.
//
// It returns Invalid for a secret that is too easily guessed.
func (k *Keeper) Start(ctx context.Context, outside string, show func(secret string) error) error {
	k.changing.Lock()
	defer k.changing.Unlock()
	if err := k.setOutside(ctx, outside); err != nil {
		return err
	}
	if k.administered("") {
		return nil
	}
	secret, id, err := k.unusedSecret()
	if err != nil {
		return err
	}
	if err := show(secret); err != nil {
		return fmt.Errorf("show the first admin token: %w", err)
	}
	return k.putOwn(ctx, id, "first start", secret)
}

// setOutside makes the secret that is set from outside count, and no other that was.
func (k *Keeper) setOutside(ctx context.Context, secret string) error {
	id := ""
	if secret != "" {
		if err := checkOutside(secret); err != nil {
			return err
		}
		id = k.outsideID(secret)
	}
	for _, h := range k.liveOutside() {
		if h.ID == id {
			id = "" // it counts already
		} else if _, err := k.revoke(ctx, ownCall(), h); err != nil {
			return err
		}
	}
	if id == "" {
		return nil
	}
	return k.putOwn(ctx, id, idOutside, secret)
}

// liveOutside returns the tokens that were set from outside and count.
func (k *Keeper) liveOutside() (live []*held) {
	now := k.opts.Now()
	k.mu.RLock()
	defer k.mu.RUnlock()
	for id, h := range k.tokens {
		if isOutside(id) && h.live(now) == nil {
			live = append(live, h)
		}
	}
	return live
}

// putOwn stores an admin token that the log itself makes.
func (k *Keeper) putOwn(ctx context.Context, id, name, secret string) error {
	call := ownCall()
	t := Token{
		ID: id, Name: name, Owner: "admin", OwnerType: audit.User, Role: Admin,
		CreatedAt: audit.Truncate(k.opts.Now()), CreatedBy: call.Principal.Owner,
	}
	return k.put(ctx, newHeld(t, hashSecret(secret)), createEntry(call, &t))
}

// createEntry tells of a token that is made: all that is public of it.
func createEntry(call *Call, t *Token) *audit.Entry {
	e := call.Entry(TokenCreate, homeOf(t.Projects), audit.Resource{Type: "Token", ID: t.ID, Name: t.Name})
	scope := "all projects"
	if len(t.Projects) > 0 {
		scope = strings.Join(t.Projects, ", ")
	}
	e.Detail = fmt.Sprintf("Created a %s token of %s for %s", t.Role, t.Owner, scope)
	addMetadata(e, map[string]string{"owner": t.Owner, "ownerType": string(t.OwnerType), "role": string(t.Role), "projects": scope})
	if !t.ExpiresAt.IsZero() {
		e.Metadata["expiresAt"] = t.ExpiresAt.Format(time.RFC3339)
	}
	return e
}

// homeOf returns the project that an entry about a token belongs to.
func homeOf(projects []string) string {
	if len(projects) == 1 {
		return projects[0]
	}
	return audit.SystemProject
}
