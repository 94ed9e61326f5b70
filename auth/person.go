package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"auditlog/audit"
	"auditlog/auth/rights"
)

// Person is somebody whom an identity provider vouches for.
type Person struct {
	// Issuer and Subject name the person for ever, whatever becomes of the e-mail.
	Issuer  string `json:"issuer"`
	Subject string `json:"subject"`
	// Email is the actor of what the person does here.
	Email string `json:"email"`
	// Grants are what the person may by the groups of now. None is nothing.
	Grants []rights.Grant `json:"grants"`
	// Sid is the provider's name of the session there; empty where it has none.
	Sid string `json:"sid,omitempty"`
}

// Vouched is a person with what the provider has to be asked with again.
type Vouched struct {
	Person
	// Kept is for the Voucher alone. It is a secret.
	Kept []byte
	// Renewable is set when the Voucher can ask again without the person.
	Renewable bool
}

// markSize is how many bytes of a hash tell people apart in entries.
const markSize = 8

// Mark returns by what the log names the person who recorded an entry: "oidc:" and
// a short hash of issuer and subject, which says nothing else of the person.
func (p *Person) Mark() string {
	sum := sha256.Sum256([]byte(p.Issuer + "\x00" + p.Subject))
	return "oidc:" + hex.EncodeToString(sum[:markSize])
}

// Check returns what about p's names no entry can have, as an Invalid Fault.
func (p *Person) Check(now time.Time) error {
	t := Token{Owner: p.Email, OwnerType: audit.User}
	return t.validateNames(now)
}

// Device is a log-in that is begun at one machine and finished in a browser anywhere.
type Device struct {
	// Code is the secret by which the log-in is asked about.
	Code string
	// UserCode is what the person types at Address. Complete, if there is one, is the
	// address with the code in it.
	UserCode, Address, Complete string
	// ExpiresIn is how long the person has, Interval how far apart to ask.
	ExpiresIn, Interval time.Duration
}

// The errors of asking about a Device that are none: the person has not finished.
var (
	ErrPending  = errors.New("the log-in is not finished")
	ErrSlowDown = errors.New("the log-in is not finished, and asked about too often")
)
