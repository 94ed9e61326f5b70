package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/auth/secrets"
)

// Create makes a token of t's Name, Owner, OwnerType, Role, Projects, Addresses and
// ExpiresAt and returns its secret, which nothing can tell afterwards.
//
// It returns *Denied for a caller who may not, which is also one who asks for more
// projects than its own, *Limited for one too many, and Invalid for a token that cannot be.
func (k *Keeper) Create(ctx context.Context, call *rights.Call, t Token) (secret string, made Token, err error) {
	if err := call.Principal.Check(rights.TokenCreate, ""); err != nil {
		return "", Token{}, err
	}
	now := audit.Truncate(k.opts.Now())
	t.normalize()
	if max := k.opts.MaxTokenLife; max > 0 && t.ExpiresAt.IsZero() {
		t.ExpiresAt = now.Add(max)
	}
	if err := t.validate(now); err != nil {
		return "", Token{}, err
	}
	if err := k.checkLife(t.ExpiresAt, now); err != nil {
		return "", Token{}, err
	}
	// Sorted only now, so that the error names a project's place in the request.
	t.Projects = slices.Compact(slices.Sorted(slices.Values(t.Projects)))
	if err := mayGrant(&call.Principal, t.Projects); err != nil {
		return "", Token{}, err
	}
	k.begin()
	defer k.changing.Unlock()
	if err := k.checkOwner(&call.Principal, &t); err != nil {
		return "", Token{}, err
	}
	if err := k.SpareGrant(&call.Principal, t.Projects...); err != nil {
		return "", Token{}, err
	}
	secret, id, err := k.unusedSecret(secrets.TokenPrefix)
	if err != nil {
		return "", Token{}, err
	}
	t = Token{
		ID: id, Name: t.Name, Owner: t.Owner, OwnerType: t.OwnerType, Role: t.Role, Projects: t.Projects, Addresses: t.Addresses,
		CreatedAt: now, CreatedBy: call.Principal.Owner, Parent: call.Principal.RecordedBy(), Makers: call.Principal.Chain(),
		ExpiresAt: t.ExpiresAt,
	}
	if err := k.put(ctx, newHeld(t, secrets.HashOf(secret)), createEntry(call, &t)); err != nil {
		return "", Token{}, err
	}
	return secret, t, nil
}

// checkLife refuses an expiry that is further away than a token lives at most.
func (k *Keeper) checkLife(expires, now time.Time) error {
	if max := k.opts.MaxTokenLife; max > 0 && !expires.IsZero() && expires.After(now.Add(max)) {
		return audit.FieldErrorf("expiresAt", "must be no later than %s: that is how long a token of this log lives at most",
			now.Add(max).Format(time.RFC3339))
	}
	return nil
}

// mayGrant returns nil if a token for the given projects is in p's gift.
func mayGrant(p *rights.Principal, projects []string) error {
	for _, name := range projects {
		if err := p.Check(rights.TokenCreate, name); err != nil {
			return err
		}
	}
	if !p.Covers(rights.TokenCreate, projects) {
		return &rights.Denied{Permission: rights.TokenCreate, All: true}
	}
	return nil
}

// unusedSecret makes a secret whose id no other token or session has.
func (k *Keeper) unusedSecret(prefix string) (secret, id string, err error) {
	for {
		secret, id, err := secrets.New(prefix, k.opts.Rand)
		if err != nil || k.find(id) == nil && k.findSession(id) == nil {
			return secret, id, err
		}
	}
}

// put writes a token with the entry that tells of it. The caller holds changing.
func (k *Keeper) put(ctx context.Context, h *held, entry *audit.Entry) error {
	v, err := h.encode()
	if err != nil {
		return err
	}
	if err := k.write(ctx, map[string][]byte{h.ID: v}, nil, entry); err != nil {
		return err
	}
	k.apply(map[string]*held{h.ID: h}, nil)
	return nil
}

// administers reports whether h can make tokens of every kind.
func (h *held) administers() bool { return h.principal.MayEverywhere(rights.TokenCreate) }

// administered reports whether some token but the given ones can make tokens of every
// kind.
func (k *Keeper) administered(except map[string]bool) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.administeredBy(except)
}

// administeredBy is administered for who holds k.mu.
func (k *Keeper) administeredBy(except map[string]bool) bool {
	now := k.opts.Now()
	for id, h := range k.tokens {
		if !except[id] && h.administers() && h.live(now) == nil {
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
	k.begin()
	defer k.changing.Unlock()
	for {
		err := k.start(ctx, outside, show)
		if !errors.Is(err, audit.ErrOvertaken) {
			return err
		}
		k.rebase() // another node starts as well
	}
}

func (k *Keeper) start(ctx context.Context, outside string, show func(secret string) error) error {
	if err := k.setOutside(ctx, outside); err != nil {
		return err
	}
	if k.administered(nil) {
		return nil
	}
	secret, id, err := k.unusedSecret(secrets.TokenPrefix)
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
		if err := secrets.CheckOutside(secret); err != nil {
			return err
		}
		hash := secrets.HashOf(secret)
		id = k.outsideID(secret, hash)
		k.outside.Store(&outside{hash, id})
	}
	for _, h := range k.liveOutside() {
		if h.ID == id {
			id = "" // it counts already
		} else if _, err := k.revoke(ctx, rights.OwnCall(), h, ""); err != nil {
			return err
		}
	}
	if id == "" {
		return nil
	}
	return k.putOwn(ctx, id, secrets.Outside, secret)
}

// liveOutside returns the tokens that were set from outside and count.
func (k *Keeper) liveOutside() (live []*held) {
	now := k.opts.Now()
	k.mu.RLock()
	defer k.mu.RUnlock()
	for id, h := range k.tokens {
		if secrets.IsOutside(id) && h.live(now) == nil {
			live = append(live, h)
		}
	}
	return live
}

// putOwn stores an admin token that the log itself makes.
func (k *Keeper) putOwn(ctx context.Context, id, name, secret string) error {
	call := rights.OwnCall()
	t := Token{
		ID: id, Name: name, Owner: "admin", OwnerType: audit.User, Role: rights.Admin,
		CreatedAt: audit.Truncate(k.opts.Now()), CreatedBy: call.Principal.Owner,
	}
	return k.put(ctx, newHeld(t, secrets.HashOf(secret)), createEntry(call, &t))
}

// createEntry tells of a token that is made: all that is public of it.
func createEntry(call *rights.Call, t *Token) *audit.Entry {
	e := call.Entry(rights.TokenCreate, homeOf(t.Projects), audit.Resource{Type: "Token", ID: t.ID, Name: t.Name})
	scope := "all projects"
	if len(t.Projects) > 0 {
		scope = strings.Join(t.Projects, ", ")
	}
	article := "a"
	if t.Role == rights.Admin {
		article = "an"
	}
	e.Detail = fmt.Sprintf("Created %s %s token of %s for %s", article, t.Role, t.Owner, scope)
	e.AddMetadata(map[string]string{"owner": t.Owner, "ownerType": string(t.OwnerType), "role": string(t.Role), "projects": scope})
	if !t.ExpiresAt.IsZero() {
		e.Metadata["expiresAt"] = t.ExpiresAt.Format(time.RFC3339)
	}
	if len(t.Addresses) > 0 {
		e.Metadata["addresses"] = joinAddresses(t.Addresses)
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
