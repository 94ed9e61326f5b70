package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"auditlog/audit"
	"auditlog/auth/address"
	"auditlog/auth/refused"
	"auditlog/auth/rights"
	"auditlog/auth/secrets"
)

// Storage keeps the tokens' records and the log's entries about itself;
// *store.Store is one.
type Storage interface {
	// Identity returns what tells the database from every other one. It is no secret to
	// whoever has the database, and told to nobody else.
	Identity() string
	audit.TokenStore
}

// Options configure a Keeper. The zero value is usable.
type Options struct {
	// TrustedProxies are those whose X-Forwarded-For tells where a call comes
	// from. Default none: a call comes from whoever made the connection.
	TrustedProxies []netip.Prefix
	// MaxTokenLife is how long a token lives at most that is made from now on, but for
	// those that the log makes or is given at its start. 0 is for ever.
	MaxTokenLife time.Duration
	// Voucher is asked about people who are logged in. Nil is for a log that has no
	// identity provider: sessions of people do not count then.
	Voucher Voucher
	// SessionLife is how long a person's session lasts at most. Default 12 h.
	SessionLife time.Duration
	// RenewAfter is how long the provider's word on a person counts. Default 15 min.
	RenewAfter time.Duration
	// FailuresPerMinute is how many calls without a valid token one address may
	// make for long; it may make FailureBurst at once. Defaults 60 and 30.
	FailuresPerMinute int
	FailureBurst      int
	// ProjectAdminsDelete lets an admin of some projects delete them, and approve that
	// they are deleted. Else only admins of all projects can: who answers for what a
	// project's log holds must not be the one to remove it.
	ProjectAdminsDelete bool
	// Report is told of what went wrong in Run, which goes on. Default: nobody.
	Report func(error)
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Rand makes the secrets. Default crypto/rand.
	Rand io.Reader
}

func (o *Options) setDefaults() {
	if o.FailuresPerMinute == 0 {
		o.FailuresPerMinute = 60
	}
	if o.FailureBurst == 0 {
		o.FailureBurst = 30
	}
	if o.SessionLife == 0 {
		o.SessionLife = 12 * time.Hour
	}
	if o.RenewAfter == 0 {
		o.RenewAfter = 15 * time.Minute
	}
	if o.Report == nil {
		o.Report = func(error) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
}

// Keeper holds the tokens and decides by them. Its methods may be called by
// several goroutines at once. Run must run for as long as it is used.
type Keeper struct {
	opts     Options
	storage  Storage
	failures *address.Limits
	logins   *address.Limits // log-ins begun at an identity provider
	refused  *refused.Calls
	spared   spared
	admins   address.Seen
	counts   counts
	outside  atomic.Pointer[outside]
	// local tells pages from elsewhere from this machine's own; nil unless this is
	// development mode.
	local *http.CrossOriginProtection
	// links is what links are signed by in development mode, until the end of the process.
	links secrets.Hash

	// changing is held by each change of tokens and sessions from its decision to its
	// apply, and guards basis: the revision that the decision is by.
	changing sync.Mutex
	basis    uint64
	nodes    Nodes        // nil where there are none
	mu       sync.RWMutex // guards what follows
	revision uint64
	tokens   map[string]*held
	sessions map[string]*active
	// unwritten are the revocations, by the token's id, that could not be written.
	unwritten map[string]unwritten
}

// Open reads the tokens and sessions. Start comes next. See OpenDev for development
// mode.
func Open(storage Storage, opts Options) (*Keeper, error) {
	opts.setDefaults()
	k := &Keeper{
		opts:     opts,
		storage:  storage,
		failures: address.NewLimits(opts.FailuresPerMinute, opts.FailureBurst),
		refused:  refused.New(storage, opts.Now),
		logins:   address.NewLimits(opts.FailuresPerMinute, opts.FailureBurst),
		spared:   newSpared(),
		tokens:   make(map[string]*held),
		sessions: make(map[string]*active),

		unwritten: make(map[string]unwritten),
	}
	return k, k.load()
}

func (k *Keeper) find(id string) *held {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.tokens[id]
}

// Verify returns whose a secret is: a token, or a session of a command line. Else it
// is an Unauthenticated Fault. Callers with a request at hand use Check, which also
// limits failures and knows where the call comes from.
func (k *Keeper) Verify(ctx context.Context, secret string) (rights.Principal, error) {
	return k.verify(ctx, secret, netip.Addr{})
}

var errUnknown = audit.Errorf(audit.Unauthenticated, "the token is not known")

// verify is Verify of a call from an address. Where that is what a token is not for, the
// error is a *Denied of the principal returned.
func (k *Keeper) verify(ctx context.Context, secret string, from netip.Addr) (rights.Principal, error) {
	if secret == "" {
		return rights.Principal{}, audit.Errorf(audit.Unauthenticated, "a token is required")
	}
	if err := k.fresh(); err != nil {
		return rights.Principal{}, err
	}
	return k.known(ctx, secret, from)
}

// known is verify by what this node knows.
func (k *Keeper) known(ctx context.Context, secret string, from netip.Addr) (rights.Principal, error) {
	prefix, id, err := secrets.Parse(secret)
	switch {
	case err != nil:
		return rights.Principal{}, err
	case prefix == secrets.SessionPrefix:
		who, _, err := k.resume(ctx, secret, from, audit.ChannelCLI)
		return who, err
	}
	hash := secrets.HashOf(secret)
	if prefix == "" {
		id = k.outsideID(secret, hash)
	}
	h := k.find(id)
	if h == nil || !h.answersTo(hash, k.opts.Now()) {
		return rights.Principal{}, errUnknown
	}
	return k.use(h, from)
}

// outside is the secret that was set from outside at the start: of which every call with it
// would want the id, which takes longer than to know the secret again.
type outside struct {
	hash secrets.Hash
	id   string
}

// outsideID returns the id of a secret of which the hash is given, had it been set from outside.
func (k *Keeper) outsideID(secret string, hash secrets.Hash) string {
	if known := k.outside.Load(); known != nil && known.hash.Is(&hash) {
		return known.id
	}
	return secrets.OutsideID(k.storage.Identity(), secret)
}

// use returns h's principal if the token still counts, for a call from an address, and
// notes that it was used.
func (k *Keeper) use(h *held, from netip.Addr) (rights.Principal, error) {
	now := k.opts.Now()
	if err := h.live(now); err != nil {
		return rights.Principal{}, err
	}
	if err := h.admits(from); err != nil {
		return h.principal, err
	}
	h.noteUse(now, from)
	return k.ruled(h.principal), nil
}

// Standing returns nil while the token and the session that p acts by count, else an
// Unauthenticated Fault: for calls whose caller was known before the rest of them
// arrived.
func (k *Keeper) Standing(p *rights.Principal) error {
	_, err := k.grounds(p)
	return err
}

// grounds returns the contexts that end with what p acts by, or why it does not count.
func (k *Keeper) grounds(p *rights.Principal) (ends []context.Context, err error) {
	if k.Dev() {
		return nil, nil
	}
	now := k.opts.Now()
	if p.SessionID != "" {
		a := k.findSession(p.SessionID)
		if a == nil {
			return nil, errSessionOver
		}
		if err := a.live(now); err != nil {
			return nil, err
		}
		if k.stale(a, now.Add(-renewGrace)) {
			return nil, errSessionOver
		}
		ends = append(ends, a.ended)
	}
	if p.TokenID == p.SessionID {
		return ends, nil // a person, who has no token
	}
	h := k.find(p.TokenID)
	if h == nil {
		return nil, errUnknown
	}
	return append(ends, h.ended), h.live(now)
}

// Live returns a context that ends when ctx does and, with the reason as its
// cause, as soon as p's token or session no longer counts: for answers that take
// long. The caller calls the function returned once it is done.
func (k *Keeper) Live(ctx context.Context, p *rights.Principal) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	done := func() { cancel(context.Canceled) }
	if k.Dev() {
		return ctx, done
	}
	ends, err := k.grounds(p)
	if err != nil {
		cancel(err)
		return ctx, done
	}
	for _, ended := range ends {
		stop := context.AfterFunc(ended, func() { cancel(context.Cause(ended)) })
		context.AfterFunc(ctx, func() { stop() })
	}
	if h := k.find(p.TokenID); p.SessionID != "" || h != nil && !h.ExpiresAt.IsZero() {
		go k.awaitExpiry(ctx, *p, cancel)
	}
	return ctx, done
}

// expiryEvery is how far apart an answer that takes long is asked about. Timers alone
// would not do: a clock that is set does not move them.
const expiryEvery = time.Second

// awaitExpiry cancels when what p acts by comes to its time. It ends with ctx.
func (k *Keeper) awaitExpiry(ctx context.Context, p rights.Principal, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(expiryEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if _, err := k.grounds(&p); err != nil {
			cancel(err)
			return
		}
	}
}

// List returns the tokens that a principal may know of, the newest first.
func (k *Keeper) List(p *rights.Principal) ([]Token, error) {
	if err := p.Check(rights.TokenList, ""); err != nil {
		return nil, err
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	tokens := make([]Token, 0, len(k.tokens))
	for _, h := range k.tokens {
		if p.Covers(rights.TokenList, h.Projects) {
			t := h.token()
			if h.doomed() {
				t.RevokedAt = h.condemnedAt()
			}
			tokens = append(tokens, t)
		}
	}
	newestFirst(tokens)
	return tokens, nil
}

// Run records refusals as their time comes, writes last uses, and forgets tokens
// that ended long ago, until ctx ends; then it writes what is left.
func (k *Keeper) Run(ctx context.Context) error {
	uses := time.NewTicker(usesEvery)
	defer uses.Stop()
	for {
		select {
		case <-ctx.Done():
			return k.finish(context.WithoutCancel(ctx))
		case <-k.refused.Due():
		case <-time.After(k.refused.Wait()):
		case <-uses.C:
			k.report(errors.Join(k.tidy(ctx), k.writeRevocations(ctx)))
		}
		k.report(k.refused.Record(ctx))
	}
}

// finishIn bounds how long an end waits for a log that does not answer.
const finishIn = 5 * time.Second

func (k *Keeper) finish(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, finishIn)
	defer cancel()
	return errors.Join(k.writeRevocations(ctx), k.tidy(ctx), k.refused.RecordAll(ctx))
}

func (k *Keeper) report(err error) {
	if err != nil {
		k.opts.Report(err)
	}
}

// usesEvery is how often last uses are written: a use is worth no commit of its own.
const usesEvery = time.Minute

// tidy writes last uses and visits, and deletes the tokens that ended long ago and the
// sessions that are over.
func (k *Keeper) tidy(ctx context.Context) error {
	k.begin()
	defer k.changing.Unlock()
	now := k.opts.Now()
	fresh, del := k.tidyTokens(now)
	seen, gone := k.tidySessions(now)
	if len(fresh)+len(del)+len(seen)+len(gone) == 0 {
		return nil
	}
	put := make(map[string][]byte)
	for id, h := range fresh {
		v, err := h.encode()
		if err != nil {
			return err
		}
		put[id] = v
	}
	for _, a := range seen {
		v, err := a.encode()
		if err != nil {
			return err
		}
		put[sessionKey+a.ID] = v
	}
	keys := slices.Clone(del)
	for _, a := range gone {
		keys = append(keys, sessionKey+a.ID)
	}
	if err := k.write(ctx, put, keys, nil); errors.Is(err, audit.ErrOvertaken) {
		return nil // and done the next time
	} else if err != nil {
		return fmt.Errorf("write last uses of tokens: %w", err)
	}
	k.apply(fresh, del)
	k.applySessions(seen, gone)
	return nil
}

// tidyTokens returns what tidy has to write of tokens, and to remove.
func (k *Keeper) tidyTokens(now time.Time) (fresh map[string]*held, del []string) {
	fresh = make(map[string]*held)
	longAgo := now.Add(-keptFor)
	k.mu.RLock()
	defer k.mu.RUnlock()
	for id, h := range k.tokens {
		if at, ends := h.endedAt(); ends && at.Before(longAgo) {
			del = append(del, id)
		} else if now := h.token(); !now.LastUsedAt.Equal(h.LastUsedAt) {
			fresh[id] = h.with(func(t *Token) { t.LastUsedAt, t.LastUsedFrom = now.LastUsedAt, now.LastUsedFrom })
		}
	}
	return fresh, del
}

// apply brings the memory to the state of the database.
func (k *Keeper) apply(put map[string]*held, del []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.overtaken() {
		return
	}
	for id, h := range put {
		k.tokens[id] = h
	}
	for _, id := range del {
		delete(k.tokens, id)
	}
}
