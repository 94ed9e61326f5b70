package auth

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"auditlog/audit"
	"auditlog/auth/secrets"
)

// Session is somebody who is logged in: at the page with a token, or as a person at
// the page or at a command line.
type Session struct {
	// ID is public, and given by the log.
	ID string `json:"-"`
	// TokenID is the token that the session began with and by whose rights it acts,
	// for as long as that one counts. It is empty for a person's.
	TokenID string `json:"token,omitempty"`
	// Person is who logged in at an identity provider, nil with a token's session.
	Person *Person `json:"person,omitempty"`
	// Channel is where: console or cli. Each takes its own sessions alone.
	Channel audit.Channel `json:"channel"`
	// Request is that of the log-in.
	Request audit.Request `json:"request"`
	// BeganAt is when, SeenAt the last visit.
	BeganAt time.Time `json:"beganAt"`
	SeenAt  time.Time `json:"seenAt"`
	// ExpiresAt ends the session at the latest.
	ExpiresAt time.Time `json:"expiresAt"`
	// VouchedAt is when the provider was last asked about the person.
	VouchedAt time.Time `json:"vouchedAt,omitzero"`
	// Renewable is set when the provider can be asked again.
	Renewable bool `json:"renewable,omitempty"`
}

// How long sessions last: without a visit, and that of a token at most.
const (
	sessionIdle = 12 * time.Hour
	sessionLife = 7 * 24 * time.Hour
)

// unrenewedLife bounds the session of a person about whom the provider cannot be
// asked again: their groups could change and nobody would know.
const unrenewedLife = time.Hour

// Bounds on the memory and the disk of sessions: in all, and of one token or person.
// The one that was seen longest ago makes room.
const (
	maxSessions    = 10_000
	maxSessionsOne = 100
)

// over returns why s does not count at the given time, or nil. SeenAt must be of now.
func (s *Session) over(now time.Time) error {
	if !now.Before(s.ExpiresAt) || now.Sub(s.SeenAt) >= sessionIdle {
		return errSessionOver
	}
	return nil
}

var errSessionOver = audit.Errorf(audit.Unauthenticated, "the session is over: log in again")

// owner tells sessions of one token or person from those of others.
func (s *Session) owner() string {
	if s.Person != nil {
		return s.Person.Mark()
	}
	return s.TokenID
}

// sessionKey begins the key of a session's record among those of tokens.
const sessionKey = "session."

// sessionRecord is a session in the database.
type sessionRecord struct {
	Session
	Hash []byte `json:"hash"`
	// Sealed is what the Voucher keeps. Only the session's secret opens it, which is
	// nowhere here: who takes the database away cannot ask the provider with it.
	Sealed []byte `json:"sealed,omitempty"`
}

// active is a session in memory. All but seen and retryAt is never changed: a change
// makes another active, which shares what is behind a pointer.
type active struct {
	Session // SeenAt is that of the database
	hash    secrets.Hash
	sealed  []byte
	seen    *atomic.Int64 // last visit, in microseconds since the epoch
	// renewing is held by who asks the provider: a refresh token counts once.
	renewing *sync.Mutex
	// retryAt is when a provider that was away is asked again, in microseconds.
	retryAt *atomic.Int64
	// ended is done once the session is over before its time.
	ended context.Context
	end   context.CancelCauseFunc
}

func newActive(s Session, hash secrets.Hash, sealed []byte) *active {
	a := &active{
		Session: s, hash: hash, sealed: sealed,
		seen: new(atomic.Int64), renewing: new(sync.Mutex), retryAt: new(atomic.Int64),
	}
	a.seen.Store(s.SeenAt.UnixMicro())
	a.ended, a.end = context.WithCancelCause(context.Background())
	return a
}

// with returns a with its session changed.
func (a *active) with(change func(*active)) *active {
	next := *a
	change(&next)
	return &next
}

// session returns what is told of a now.
func (a *active) session() Session {
	s := a.Session
	s.SeenAt = time.UnixMicro(a.seen.Load()).UTC()
	return s
}

// live returns why a does not count at the given time, or nil.
func (a *active) live(now time.Time) error {
	s := a.session()
	return s.over(now)
}

func (a *active) encode() ([]byte, error) {
	v, err := json.Marshal(sessionRecord{Session: a.session(), Hash: a.hash[:], Sealed: a.sealed})
	if err != nil {
		return nil, fmt.Errorf("encode session %s: %w", a.ID, err)
	}
	return v, nil
}

// decodeSession reads what encode returned. What somebody may do is never guessed: a
// record that is not wholly understood is an error.
func decodeSession(id string, v []byte) (*active, error) {
	var rec sessionRecord
	d := json.NewDecoder(bytes.NewReader(v))
	d.DisallowUnknownFields()
	if err := d.Decode(&rec); err != nil {
		return nil, fmt.Errorf("decode session %q: %w", id, err)
	}
	if len(rec.Hash) != sha256.Size || (rec.Person == nil) == (rec.TokenID == "") {
		return nil, fmt.Errorf("decode session %q: it is of nobody, or of two", id)
	}
	if rec.Person != nil {
		for i := range rec.Person.Grants {
			if err := rec.Person.Grants[i].Check(); err != nil {
				return nil, fmt.Errorf("decode session %q: %w", id, err)
			}
		}
	}
	rec.ID = id
	return newActive(rec.Session, secrets.Hash(rec.Hash), rec.Sealed), nil
}

// sessionOf returns the id in the key of a session's record.
func sessionOf(key string) (id string, is bool) { return strings.CutPrefix(key, sessionKey) }

// seal closes kept so that the session's secret alone opens it.
func seal(secret, id string, kept []byte) ([]byte, error) {
	box, err := sealer(secret)
	if err != nil || len(kept) == 0 {
		return nil, err
	}
	return box.Seal(nil, nil, kept, []byte(id)), nil
}

// unseal opens what seal closed.
func unseal(secret, id string, sealed []byte) ([]byte, error) {
	box, err := sealer(secret)
	if err != nil || len(sealed) == 0 {
		return nil, err
	}
	kept, err := box.Open(nil, nil, sealed, []byte(id))
	if err != nil {
		return nil, errors.New("what the session keeps for the identity provider cannot be opened")
	}
	return kept, nil
}

func sealer(secret string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "auditlog session: kept for the identity provider", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// RandomText returns 256 random bits as text.
func RandomText() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// FormToken returns what the forms of a page carry, so that no other site can send
// them: it follows from the session's secret, and the secret does not from it.
func FormToken(secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("auditlog session: forms"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
