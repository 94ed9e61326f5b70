package auth_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
	"auditlog/store"
)

// running is a log with a Keeper that runs, in a bubble of its own time.
type running struct {
	*testing.T
	store *store.Store
	*auth.Keeper
	root *rights.Call
	stop func()
}

func inBubble(t *testing.T, fn func(*testing.T, *running)) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		// Sealing shares its encoders with whoever is outside of the bubble.
		s, err := store.Open(dir, store.Options{SealAfter: 100 * 365 * 24 * time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		r := &running{T: t, store: s}
		r.run()
		r.root = callOf(t, r.Keeper, start(t, r.Keeper, ""))
		fn(t, r)
		r.stop()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// run opens a Keeper, as a new start of the log would, and runs it.
func (r *running) run() {
	k, err := auth.Open(r.store, auth.Options{Report: func(err error) { r.Error(err) }})
	if err != nil {
		r.Fatal(err)
	}
	r.Keeper = k
	ctx, cancel := context.WithCancel(r.Context())
	var done sync.WaitGroup
	done.Go(func() {
		if err := k.Run(ctx); err != nil {
			r.Error(err)
		}
	})
	r.stop = func() { cancel(); done.Wait() }
}

// lastUse returns what the database has of a token's last use, which a Keeper
// that has just been opened tells.
func (r *running) lastUse(id string) time.Time {
	r.Helper()
	k, err := auth.Open(r.store, auth.Options{})
	if err != nil {
		r.Fatal(err)
	}
	list, err := k.List(&r.root.Principal)
	if err != nil {
		r.Fatal(err)
	}
	for _, token := range list {
		if token.ID == id {
			return token.LastUsedAt
		}
	}
	r.Fatalf("no token %s", id)
	return time.Time{}
}

func TestLastUseIsWrittenLazily(t *testing.T) {
	inBubble(t, func(t *testing.T, r *running) {
		secret, made := create(t, r.Keeper, r.root, auth.Token{Role: rights.Viewer})
		n := len(entries(t, r.store, audit.SystemProject))
		for range 100 {
			if _, err := r.Verify(t.Context(), secret); err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		used := time.Now().Add(-100 * time.Millisecond)
		if got := r.lastUse(made.ID); !got.IsZero() {
			t.Errorf("a use is written at once: %v", got)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := r.lastUse(made.ID); !got.Equal(used) {
			t.Errorf("a minute later the last use is %v, want %v", got, used)
		}
		time.Sleep(time.Hour)
		if _, err := r.Verify(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
		r.stop()
		if got := r.lastUse(made.ID); !got.Equal(time.Now()) {
			t.Errorf("at the end the last use is %v, want %v", got, time.Now())
		}
		if got := len(entries(t, r.store, audit.SystemProject)); got != n {
			t.Errorf("uses are told of in %d entries", got-n)
		}
	})
}

// What ended is listed for thirty days more, then deleted.
func TestEndedTokensAreForgotten(t *testing.T) {
	inBubble(t, func(t *testing.T, r *running) {
		_, revoked := create(t, r.Keeper, r.root, auth.Token{Role: rights.Viewer})
		if _, err := r.Revoke(t.Context(), r.root, revoked.ID); err != nil {
			t.Fatal(err)
		}
		create(t, r.Keeper, r.root, auth.Token{Role: rights.Viewer, ExpiresAt: time.Now().Add(time.Hour)})
		count := func() int {
			records, err := r.store.Tokens()
			if err != nil {
				t.Fatal(err)
			}
			return len(records)
		}
		time.Sleep(30*24*time.Hour - time.Minute)
		if list, _ := r.List(&r.root.Principal); len(list) != 3 || count() != 3 {
			t.Errorf("%d tokens listed, %d kept, want 3", len(list), count())
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if list, _ := r.List(&r.root.Principal); len(list) != 1 || count() != 1 {
			t.Errorf("%d tokens listed, %d kept, want 1", len(list), count())
		}
	})
}

func TestLive(t *testing.T) {
	inBubble(t, func(t *testing.T, r *running) {
		begin := func(expires time.Duration) (auth.Token, context.Context) {
			token := auth.Token{Role: rights.Viewer}
			if expires != 0 {
				token.ExpiresAt = time.Now().Add(expires)
			}
			secret, made := create(t, r.Keeper, r.root, token)
			p, err := r.Verify(t.Context(), secret)
			if err != nil {
				t.Fatal(err)
			}
			ctx, done := r.Live(t.Context(), &p)
			t.Cleanup(done)
			return made, ctx
		}
		began := time.Now()
		long, revoked := begin(0)
		_, expires := begin(5*time.Minute + time.Second)
		time.Sleep(time.Second)
		if revoked.Err() != nil || expires.Err() != nil {
			t.Fatal("a token that counts ended a call")
		}
		if _, err := r.Revoke(t.Context(), r.root, long.ID); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := context.Cause(revoked); audit.KindOf(err) != audit.Unauthenticated || !strings.Contains(err.Error(), "revoked") {
			t.Errorf("after the revocation the call has %v", err)
		}
		<-expires.Done()
		if err := context.Cause(expires); !strings.Contains(err.Error(), "expired") || time.Since(began) != 5*time.Minute+time.Second {
			t.Errorf("after %v the call has %v", time.Since(began), err)
		}

		// A call that comes too late to see the end of its token ends at once.
		late, done := r.Live(t.Context(), &rights.Principal{TokenID: long.ID})
		defer done()
		unknown, done := r.Live(t.Context(), &rights.Principal{TokenID: "unknown"})
		defer done()
		<-late.Done()
		<-unknown.Done()

		// A call ends with its own context, and its own end is no revocation.
		parent, cancel := context.WithCancel(t.Context())
		ctx, done := r.Live(parent, &r.root.Principal)
		cancel()
		<-ctx.Done()
		done()
		if err := context.Cause(ctx); !errors.Is(err, context.Canceled) || audit.KindOf(err) == audit.Unauthenticated {
			t.Errorf("a call that was given up has %v", err)
		}
	})
}

// Refusals go where the admins of the project look, at once and with what is
// known of the caller, however odd.
func TestRefusalsInTheLog(t *testing.T) {
	inBubble(t, func(t *testing.T, r *running) {
		record(t, r.store, "acme")
		secret, _ := create(t, r.Keeper, r.root, auth.Token{Owner: "eve@beta", Role: rights.Viewer, Projects: []string{"beta"}})
		p, err := r.Verify(t.Context(), secret)
		if err != nil {
			t.Fatal(err)
		}
		req := httptest.NewRequest("POST", "/", nil)
		req.Header.Set("User-Agent", "curl\xff\x01"+strings.Repeat("x", 5000))
		refuse := func(project string) {
			var denied *rights.Denied
			if !errors.As(p.Check(rights.AuditLogList, project), &denied) {
				t.Fatalf("%q is in scope", project)
			}
			r.Refuse(r.NewCall(req, p, audit.ChannelAPI, "r-7"), denied)
		}
		refuse("acme")
		refuse("ghost")
		synctest.Wait()
		list := entries(t, r.store, "acme")
		e := list[len(list)-1]
		if e.Outcome != audit.Forbidden || e.Actor.Email != "eve@beta" || e.Channel != audit.ChannelAPI ||
			e.Request.ID != "r-7" || e.Request.IP != "192.0.2.1" || !strings.HasPrefix(e.Request.UserAgent, "curl") {
			t.Errorf("the refusal is %+v", e)
		}
		list = entries(t, r.store, audit.SystemProject)
		if e := list[len(list)-1]; e.Resource.Name != "ghost" || e.Outcome != audit.Forbidden {
			t.Errorf("the refusal on a project that is not there is %+v", e)
		}
		if _, err := r.store.Project("ghost"); audit.KindOf(err) != audit.NotFound {
			t.Errorf("a refusal made its project: %v", err)
		}
		for range 10 {
			refuse("acme")
		}
		r.stop() // what is counted is told of at the end
		list = entries(t, r.store, "acme")
		if e := list[len(list)-1]; e.Metadata["count"] != "10" || len(list) != 3 {
			t.Errorf("at the end %d entries, the last %+v", len(list), e)
		}
	})
}
