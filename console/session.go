package console

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"sync"
	"time"

	"auditlog/audit"
)

// sessionCookie holds a session's secret, which is not the token.
const sessionCookie = "auditlog_session"

// How long a session lasts: without a visit, and at most.
const (
	sessionIdle = 12 * time.Hour
	sessionLife = 7 * day
)

// maxSessions bounds the memory of sessions, maxTokenSessions those of one token.
// The one that was used longest ago makes room.
const (
	maxSessions      = 10_000
	maxTokenSessions = 100
)

// session is a browser that is logged in. It is bound to a token, by whose
// rights it acts for as long as the token counts.
type session struct {
	tokenID string
	// csrf is what this session's forms carry.
	csrf string
	// ended is done once the session is over.
	ended context.Context
	end   context.CancelFunc

	mu          sync.Mutex // guards what follows
	began, seen time.Time
	created     createdToken // shown at the next visit of the tokens page, once
}

// sessions are all that are logged in, in memory: a restart logs everybody out.
type sessions struct {
	mu  sync.Mutex // guards all
	all map[sessionKey]*session
}

// sessionKey is the hash of a session's secret: what is read from memory by
// mistake logs nobody in.
type sessionKey [sha256.Size]byte

func newSessions() *sessions { return &sessions{all: make(map[sessionKey]*session)} }

// begin starts a session of a token and returns its secret.
func (s *sessions) begin(tokenID string, now time.Time) (secret string) {
	secret = randomText()
	fresh := &session{tokenID: tokenID, csrf: randomText(), began: now, seen: now}
	fresh.ended, fresh.end = context.WithCancel(context.Background())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.makeRoom(tokenID, now)
	s.all[keyOf(secret)] = fresh
	return secret
}

// lasting returns a session that no browser began and that never ends, for a log
// that needs no log-in.
func (s *sessions) lasting() *session {
	one := &session{csrf: randomText()}
	one.ended, one.end = context.WithCancel(context.Background())
	return one
}

// makeRoom drops the sessions that are over, and the one that was used longest
// ago where there are too many. The caller holds mu.
func (s *sessions) makeRoom(tokenID string, now time.Time) {
	var oldest, oldestOfToken sessionKey
	var seen, seenOfToken time.Time
	ofToken := 0
	for key, one := range s.all {
		last := one.lastSeen()
		if one.over(now) {
			s.drop(key)
			continue
		}
		if seen.IsZero() || last.Before(seen) {
			oldest, seen = key, last
		}
		if one.tokenID != tokenID {
			continue
		}
		ofToken++
		if seenOfToken.IsZero() || last.Before(seenOfToken) {
			oldestOfToken, seenOfToken = key, last
		}
	}
	if ofToken >= maxTokenSessions {
		s.drop(oldestOfToken)
	}
	if len(s.all) >= maxSessions {
		s.drop(oldest)
	}
}

func (s *sessions) drop(key sessionKey) {
	if one := s.all[key]; one != nil {
		one.end()
		delete(s.all, key)
	}
}

// find returns the session of a request, or nil, and notes the visit.
func (s *sessions) find(r *http.Request, now time.Time) *session {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return nil
	}
	key := keyOf(cookie.Value)
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.all[key]
	if one == nil {
		return nil
	}
	if one.over(now) {
		s.drop(key)
		return nil
	}
	one.visit(now)
	return one
}

// finish ends the session of a request.
func (s *sessions) finish(r *http.Request) {
	if cookie, err := r.Cookie(sessionCookie); err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.drop(keyOf(cookie.Value))
	}
}

func (s *session) visit(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = now
}

func (s *session) lastSeen() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

func (s *session) over(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return now.Sub(s.seen) >= sessionIdle || now.Sub(s.began) >= sessionLife
}

// keep holds a new token's secret for the next visit of the tokens page.
func (s *session) keep(t createdToken) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.created = t
}

// secretKept is how long a new token's secret waits to be shown.
const secretKept = 5 * time.Minute

// take returns what keep held, once and not for long.
func (s *session) take(now time.Time) createdToken {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.created
	s.created = createdToken{}
	if now.Sub(t.Token.CreatedAt) > secretKept {
		return createdToken{}
	}
	return t
}

// check returns nil when a form carries this session's token.
func (s *session) check(sent string) error {
	if subtle.ConstantTimeCompare([]byte(sent), []byte(s.csrf)) == 1 {
		return nil
	}
	return audit.Errorf(audit.PermissionDenied, "This form belongs to another session. Go back, load the page again, and send it once more")
}

func keyOf(secret string) sessionKey { return sha256.Sum256([]byte(secret)) }

// randomText returns 256 random bits as text.
func randomText() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}
