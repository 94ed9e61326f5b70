package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"auditlog/audit"
)

// Storage keeps the tokens' records and the log's entries about itself;
// *store.Store is one.
type Storage interface {
	// Identity returns what tells the database from every other one. It is no secret to
	// whoever has the database, and told to nobody else.
	Identity() string
	// Tokens returns every record by its id.
	Tokens() (map[string][]byte, error)
	// ChangeTokens writes records, deletes others and records an entry, unless it
	// is nil: all of it or nothing.
	ChangeTokens(ctx context.Context, put map[string][]byte, del []string, entry *audit.Entry) error
	// RecordOwn records an entry of the log itself.
	RecordOwn(ctx context.Context, entry *audit.Entry) error
}

// Options configure a Keeper. The zero value is usable.
type Options struct {
	// TrustedProxies are those whose X-Forwarded-For tells where a call comes
	// from. Default none: a call comes from whoever made the connection.
	TrustedProxies []netip.Prefix
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
	failures *addressLimits
	refusals *refusals
	counts   counts
	// local tells pages from elsewhere from this machine's own; nil unless this is
	// development mode.
	local *http.CrossOriginProtection

	// changing is held by each change of tokens from its decision to its apply.
	changing sync.Mutex
	mu       sync.RWMutex // guards tokens
	tokens   map[string]*held
}

// Open reads the tokens. Start comes next. See OpenDev for development mode.
func Open(storage Storage, opts Options) (*Keeper, error) {
	opts.setDefaults()
	records, err := storage.Tokens()
	if err != nil {
		return nil, err
	}
	k := &Keeper{
		opts:     opts,
		storage:  storage,
		failures: newAddressLimits(opts.FailuresPerMinute, opts.FailureBurst),
		refusals: newRefusals(),
		tokens:   make(map[string]*held, len(records)),
	}
	for id, v := range records {
		h, err := decodeToken(id, v)
		if err != nil {
			return nil, err
		}
		k.tokens[id] = h
	}
	return k, nil
}

func (k *Keeper) find(id string) *held {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.tokens[id]
}

// Verify returns whose token a secret is, or an Unauthenticated Fault. Callers
// with a request at hand use Check, which also limits failures.
func (k *Keeper) Verify(secret string) (Principal, error) {
	if secret == "" {
		return Principal{}, audit.Errorf(audit.Unauthenticated, "a token is required")
	}
	id, err := idOfSecret(secret)
	if err != nil {
		return Principal{}, err
	}
	if id == "" {
		id = k.outsideID(secret)
	}
	h, hash := k.find(id), hashSecret(secret)
	if h == nil || subtle.ConstantTimeCompare(h.hash[:], hash[:]) != 1 {
		return Principal{}, audit.Errorf(audit.Unauthenticated, "the token is not known")
	}
	return k.use(h)
}

// outsideID returns the id of a secret that was set from outside.
func (k *Keeper) outsideID(secret string) string { return outsideID(k.storage.Identity(), secret) }

// use returns h's principal if the token still counts, and notes that it was used.
func (k *Keeper) use(h *held) (Principal, error) {
	now := k.opts.Now()
	if err := h.live(now); err != nil {
		return Principal{}, err
	}
	h.used.Store(now.UnixMicro())
	return k.ruled(h.principal), nil
}

// Lookup returns the principal of the token with a public id, as long as that
// token counts: for requests of sessions that began with Check.
func (k *Keeper) Lookup(r *http.Request, id string) (Principal, bool) {
	if k.Dev() {
		return Dev(), k.Admit(r) == nil
	}
	h := k.find(id)
	if h == nil {
		return Principal{}, false
	}
	p, err := k.use(h)
	return p, err == nil
}

// Standing returns nil while the token that p called with counts, else an
// Unauthenticated Fault: for calls whose caller was known before the rest of them
// arrived.
func (k *Keeper) Standing(p *Principal) error {
	if k.Dev() {
		return nil
	}
	h := k.find(p.TokenID)
	if h == nil {
		return audit.Errorf(audit.Unauthenticated, "the token is not known")
	}
	return h.live(k.opts.Now())
}

// Live returns a context that ends when ctx does and, with the reason as its
// cause, as soon as p's token no longer counts: for answers that take long. The
// caller calls the function returned once it is done.
func (k *Keeper) Live(ctx context.Context, p *Principal) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	done := func() { cancel(context.Canceled) }
	if k.Dev() {
		return ctx, done
	}
	h := k.find(p.TokenID)
	if h == nil {
		cancel(audit.Errorf(audit.Unauthenticated, "the token is not known"))
		return ctx, done
	}
	stop := context.AfterFunc(h.ended, func() { cancel(context.Cause(h.ended)) })
	context.AfterFunc(ctx, func() { stop() })
	if !h.ExpiresAt.IsZero() {
		go k.awaitExpiry(ctx, h, cancel)
	}
	return ctx, done
}

// awaitExpiry cancels when h expires. It ends with ctx. It never waits long at a
// time, because a clock that is set does not move timers.
func (k *Keeper) awaitExpiry(ctx context.Context, h *held, cancel context.CancelCauseFunc) {
	for {
		now := k.opts.Now()
		if err := h.live(now); err != nil {
			cancel(err)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(min(h.ExpiresAt.Sub(now), time.Minute)):
		}
	}
}

// List returns the tokens that a principal may know of, the newest first.
func (k *Keeper) List(p *Principal) ([]Token, error) {
	if err := p.Check(TokenList, ""); err != nil {
		return nil, err
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	tokens := make([]Token, 0, len(k.tokens))
	for _, h := range k.tokens {
		if p.contains(TokenList, h.Projects) {
			tokens = append(tokens, h.token())
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
		case <-k.refusals.wake:
		case <-time.After(k.refusals.wait(k.opts.Now())):
		case <-uses.C:
			k.report(k.tidy(ctx))
		}
		k.report(k.recordRefusals(ctx, k.refusals.take(k.opts.Now())))
	}
}

// finishIn bounds how long an end waits for a log that does not answer.
const finishIn = 5 * time.Second

func (k *Keeper) finish(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, finishIn)
	defer cancel()
	return errors.Join(k.tidy(ctx), k.recordRefusals(ctx, k.refusals.takeAll(k.opts.Now())))
}

func (k *Keeper) report(err error) {
	if err != nil {
		k.opts.Report(err)
	}
}

// usesEvery is how often last uses are written: a use is worth no commit of its own.
const usesEvery = time.Minute

// tidy writes last uses and deletes the tokens that ended long ago.
func (k *Keeper) tidy(ctx context.Context) error {
	k.changing.Lock()
	defer k.changing.Unlock()
	put, del, fresh := make(map[string][]byte), []string(nil), make(map[string]*held)
	longAgo := k.opts.Now().Add(-keptFor)
	k.mu.RLock()
	for id, h := range k.tokens {
		if at, ends := h.endedAt(); ends && at.Before(longAgo) {
			del = append(del, id)
		} else if used := h.token().LastUsedAt; !used.Equal(h.LastUsedAt) {
			fresh[id] = h.with(func(t *Token) { t.LastUsedAt = used })
		}
	}
	k.mu.RUnlock()
	if len(fresh)+len(del) == 0 {
		return nil
	}
	for id, h := range fresh {
		v, err := h.encode()
		if err != nil {
			return err
		}
		put[id] = v
	}
	if err := k.storage.ChangeTokens(ctx, put, del, nil); err != nil {
		return fmt.Errorf("write last uses of tokens: %w", err)
	}
	k.apply(fresh, del)
	return nil
}

// apply brings the memory to the state of the database.
func (k *Keeper) apply(put map[string]*held, del []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for id, h := range put {
		k.tokens[id] = h
	}
	for _, id := range del {
		delete(k.tokens, id)
	}
}
