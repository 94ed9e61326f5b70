package auth

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/auth/address"
	"auditlog/auth/rights"
	"auditlog/auth/secrets"
)

// LogIn begins a session and returns its secret, which nothing can tell afterwards:
// of the person whom v vouches for, or of the token that the call was made with when
// v is nil. It returns PermissionDenied for who may not do anything there, and *Limited for who logs in
// too often.
func (k *Keeper) LogIn(ctx context.Context, call *rights.Call, v *Vouched) (secret string, s Session, err error) {
	now := audit.Truncate(k.opts.Now())
	s = Session{
		Channel: call.Channel, Request: call.Request, BeganAt: now, SeenAt: now,
		TokenID: call.Principal.TokenID, ExpiresAt: now.Add(sessionLife),
	}
	var kept []byte
	if v != nil {
		s.TokenID, s.Person, s.VouchedAt, s.Renewable, kept = "", &v.Person, now, v.Renewable, v.Kept
		s.ExpiresAt = now.Add(k.opts.SessionLife)
		if !v.Renewable {
			s.ExpiresAt = now.Add(min(k.opts.SessionLife, unrenewedLife))
		}
	}
	if err := k.spareLogIn(&call.Principal, s.owner(), now); err != nil {
		return "", Session{}, err
	}
	k.begin()
	defer k.changing.Unlock()
	secret, s.ID, err = k.unusedSecret(secrets.SessionPrefix)
	if err != nil {
		return "", Session{}, err
	}
	if v != nil {
		who := *call
		who.Principal = s.principal()
		call = &who
	}
	sealed, err := seal(secret, s.ID, kept)
	if err != nil {
		return "", Session{}, err
	}
	a := newActive(s, secrets.HashOf(secret), sealed)
	entry := s.entry(call, rights.SessionBegin)
	if err := k.putSession(ctx, a, k.crowdedOut(&s, now), entry); err != nil {
		return "", Session{}, err
	}
	return secret, s, nil
}

// principal returns who acts in a person's session.
func (s *Session) principal() rights.Principal {
	return rights.Principal{
		Owner: s.Person.Email, Type: audit.User, Grants: s.Person.Grants,
		TokenID: s.ID, SessionID: s.ID, Identity: s.Person.Mark(),
	}
}

// entry tells of a session that begins, ends or is changed.
func (s *Session) entry(call *rights.Call, action rights.Permission) *audit.Entry {
	e := call.Entry(action, audit.SystemProject, audit.Resource{Type: "Session", ID: s.ID})
	where := "at the page"
	if s.Channel == audit.ChannelCLI {
		where = "at a command line"
	}
	if s.Person != nil {
		e.AddMetadata(map[string]string{
			rights.MetaIdentity: s.Person.Mark(), "issuer": s.Person.Issuer, "grants": describe(s.Person.Grants),
		})
	} else {
		e.AddMetadata(map[string]string{rights.MetaToken: s.TokenID})
	}
	switch {
	case action == rights.SessionEnd:
		e.Detail = "Logged out " + where
	case s.Person != nil:
		e.Detail = "Logged in " + where + " by " + s.Person.Issuer
	default:
		e.Detail = "Logged in " + where + " with the token " + s.TokenID
	}
	e.Clean()
	return e
}

// describe writes grants in words: "viewer of acme, shop; admin of all projects".
func describe(grants []rights.Grant) string {
	words := make([]string, len(grants))
	for i, g := range grants {
		words[i] = string(g.Role) + " of all projects"
		if !g.Everywhere() {
			words[i] = string(g.Role) + " of " + strings.Join(g.Projects, ", ")
		}
	}
	return strings.Join(words, "; ")
}

// crowdedOut returns the sessions that make room for another one: those that are
// over, and the one that was seen longest ago where there are too many.
func (k *Keeper) crowdedOut(fresh *Session, now time.Time) (out []*active) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	var oldest, oldestOfOwner *active
	left, ofOwner := 0, 0
	for _, a := range k.sessions {
		if a.live(now) != nil {
			out = append(out, a)
			continue
		}
		left++
		oldest = earlier(oldest, a)
		if a.owner() == fresh.owner() {
			ofOwner++
			oldestOfOwner = earlier(oldestOfOwner, a)
		}
	}
	switch {
	case ofOwner >= maxSessionsOne:
		out = append(out, oldestOfOwner)
	case left >= maxSessions:
		out = append(out, oldest)
	}
	return out
}

func earlier(a, b *active) *active {
	if a == nil || b.seen.Load() < a.seen.Load() {
		return b
	}
	return a
}

// putSession writes a session, nil for none, and removes others, with the entry that
// tells of it. The caller holds changing.
func (k *Keeper) putSession(ctx context.Context, a *active, gone []*active, entry *audit.Entry) error {
	put, del := make(map[string][]byte), make([]string, len(gone))
	if a != nil {
		v, err := a.encode()
		if err != nil {
			return err
		}
		put[sessionKey+a.ID] = v
	}
	for i, g := range gone {
		del[i] = sessionKey + g.ID
	}
	if err := k.write(ctx, put, del, entry); err != nil {
		return err
	}
	var fresh []*active
	if a != nil {
		fresh = append(fresh, a)
	}
	k.applySessions(fresh, gone)
	return nil
}

// applySessions brings the memory to the state of the database.
func (k *Keeper) applySessions(put, gone []*active) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.overtaken() {
		return
	}
	for _, a := range gone {
		delete(k.sessions, a.ID)
		a.end(errSessionOver)
	}
	for _, a := range put {
		k.sessions[a.ID] = a
	}
}

// Resume returns whose session at the page a secret is of, and notes the visit. It
// returns Unauthenticated when it is over, and Unavailable when a person's could not
// be renewed in time.
func (k *Keeper) Resume(r *http.Request, secret string) (rights.Principal, Session, error) {
	who, s, err := k.resume(r.Context(), secret, k.Address(r), audit.ChannelConsole)
	if err == nil && who.MayEverywhere(rights.TokenCreate) {
		k.admins.Note(address.PeerOf(r), k.opts.Now())
	}
	return who, s, err
}

func (k *Keeper) resume(ctx context.Context, secret string, from netip.Addr, channel audit.Channel) (rights.Principal, Session, error) {
	prefix, id, err := secrets.Parse(secret)
	if err != nil || prefix != secrets.SessionPrefix {
		return rights.Principal{}, Session{}, errSessionOver
	}
	if err := k.fresh(); err != nil {
		return rights.Principal{}, Session{}, err
	}
	a, hash := k.findSession(id), secrets.HashOf(secret)
	if a == nil || !a.hash.Is(&hash) || a.Channel != channel {
		return rights.Principal{}, Session{}, errSessionOver
	}
	now := k.opts.Now()
	if err := a.live(now); err != nil {
		return rights.Principal{}, Session{}, err
	}
	if a, err = k.renewed(ctx, a, secret, now); err != nil {
		return rights.Principal{}, Session{}, err
	}
	a.seen.Store(now.UnixMicro())
	who, err := k.actor(a, from)
	return who, a.session(), err
}

// actor returns who acts in a session now, by a call from an address.
func (k *Keeper) actor(a *active, from netip.Addr) (rights.Principal, error) {
	if a.Person != nil {
		return k.ruled(a.principal()), nil
	}
	h := k.find(a.TokenID)
	if h == nil {
		return rights.Principal{}, errSessionOver
	}
	who, err := k.use(h, from)
	who.SessionID = a.ID
	return who, err
}

func (k *Keeper) findSession(id string) *active {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.sessions[id]
}

// LogOut ends the session that a secret is of, answers under way included, and returns
// what was kept for the Voucher. Who has the secret is whose session it is, whoever made
// the call. A session that is over is no error.
func (k *Keeper) LogOut(ctx context.Context, call *rights.Call, secret string) (kept []byte, err error) {
	prefix, id, err := secrets.Parse(secret)
	if err != nil || prefix != secrets.SessionPrefix {
		return nil, nil
	}
	k.begin()
	defer k.changing.Unlock()
	a, hash := k.findSession(id), secrets.HashOf(secret)
	if a == nil || !a.hash.Is(&hash) {
		return nil, nil
	}
	own := *call
	if a.Person != nil {
		own.Principal = a.principal()
	} else if h := k.find(a.TokenID); h != nil {
		own.Principal = h.principal
		own.Principal.SessionID = a.ID
	}
	if err := k.putSession(ctx, nil, []*active{a}, a.entry(&own, rights.SessionEnd)); err != nil {
		return nil, err
	}
	// What cannot be opened is of no use to anybody.
	kept, _ = unseal(secret, a.ID, a.sealed)
	return kept, nil
}

// Sessions returns the sessions that a principal may know of, the latest first: its
// own, and for who has SessionList those of tokens and people whose projects are all
// among its own.
func (k *Keeper) Sessions(p *rights.Principal) []Session {
	now := k.opts.Now()
	k.mu.RLock()
	defer k.mu.RUnlock()
	list := []Session{}
	for _, a := range k.sessions {
		if a.live(now) == nil && k.reachesSession(p, rights.SessionList, a) {
			list = append(list, a.session())
		}
	}
	slices.SortFunc(list, func(a, b Session) int {
		if c := b.BeganAt.Compare(a.BeganAt); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list
}

// reachesSession reports whether p has a permission on a session. The caller holds mu.
func (k *Keeper) reachesSession(p *rights.Principal, permission rights.Permission, a *active) bool {
	if a.ID == p.SessionID {
		return true
	}
	if a.Person == nil {
		h := k.tokens[a.TokenID]
		return h != nil && (h.ID == p.TokenID || p.Covers(permission, h.Projects))
	}
	if a.Person.Mark() == p.Identity {
		return true
	}
	return !slices.ContainsFunc(a.Person.Grants, func(g rights.Grant) bool { return !p.Covers(permission, g.Projects) })
}

// EndSession ends a session by its id. It returns NotFound for one that is not there,
// is over, or is not the caller's to end.
func (k *Keeper) EndSession(ctx context.Context, call *rights.Call, id string) (Session, error) {
	k.begin()
	defer k.changing.Unlock()
	k.mu.RLock()
	a := k.sessions[id]
	may := a != nil && a.live(k.opts.Now()) == nil && k.reachesSession(&call.Principal, rights.SessionEnd, a)
	k.mu.RUnlock()
	if !may {
		return Session{}, audit.Errorf(audit.NotFound, "session %.64q not found", id)
	}
	entry := a.entry(call, rights.SessionEnd)
	if id != call.Principal.SessionID {
		entry.Detail = fmt.Sprintf("Ended the session of %s", k.OwnerOf(&a.Session))
	}
	if err := k.putSession(ctx, nil, []*active{a}, entry); err != nil {
		return Session{}, err
	}
	return a.session(), nil
}

// OwnerOf returns who is logged in: the person, or the owner of the token.
func (k *Keeper) OwnerOf(s *Session) string {
	if s.Person != nil {
		return s.Person.Email
	}
	if h := k.find(s.TokenID); h != nil {
		return h.Owner
	}
	return "the token " + s.TokenID
}

// LogOutPerson ends the sessions that an identity provider says are over: all those of
// a person, or where Sid is set the ones that began with that session there. It
// returns how many.
func (k *Keeper) LogOutPerson(ctx context.Context, p Person) (int, error) {
	k.begin()
	defer k.changing.Unlock()
	k.mu.RLock()
	var over []*active
	for _, a := range k.sessions {
		if o := a.Person; o != nil && o.Issuer == p.Issuer && (p.Subject == "" || o.Subject == p.Subject) && (p.Sid == "" || o.Sid == p.Sid) {
			over = append(over, a)
		}
	}
	k.mu.RUnlock()
	for i, a := range over {
		entry := a.entry(rights.OwnCall(), rights.SessionEnd)
		entry.Detail = fmt.Sprintf("The identity provider ended the session of %s", a.Person.Email)
		if err := k.putSession(ctx, nil, []*active{a}, entry); err != nil {
			return i, err
		}
	}
	return len(over), nil
}

// AllowLogin returns a *Limited for an address from which too many log-ins were begun:
// each may have an identity provider asked.
func (k *Keeper) AllowLogin(r *http.Request) error {
	return k.limit(k.logins.Add(k.Address(r), k.opts.Now()))
}

// AllowNotice returns a *Limited for an address from which too much came that claimed to be an identity
// provider's word and was not: what was is never held up, of however many people it tells. Whoever was
// told so afterwards calls AllowLogin, which counts it.
func (k *Keeper) AllowNotice(r *http.Request) error {
	return k.limit(k.logins.Left(k.Address(r), k.opts.Now()))
}

// tidySessions returns what tidy has to write of sessions, and to remove.
func (k *Keeper) tidySessions(now time.Time) (seen, gone []*active) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	for _, a := range k.sessions {
		switch s := a.session(); {
		case a.live(now) != nil, a.Person == nil && k.tokens[a.TokenID] == nil:
			gone = append(gone, a)
		case !s.SeenAt.Equal(a.SeenAt):
			seen = append(seen, a.with(func(a *active) { a.SeenAt = s.SeenAt }))
		}
	}
	return seen, gone
}
