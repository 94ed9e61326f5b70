package auth

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"strings"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/auth/secrets"
)

// Links that somebody makes count for as long as what they acted by does: they are signed by a
// key that follows from the hash of that secret, and nothing of them is kept. Revoking or
// rotating the token, or ending the person's session, ends them all.

// How the name of a signer begins, before the id of what it is.
const (
	signerToken   = "token."
	signerSession = "session."
	signerDev     = "dev"
)

var errLinkOver = audit.Errorf(audit.Unauthenticated, "the link is over, or was never one: ask for it again where it came from")

// SignLink returns what names the signer of a link that p makes, and its signature of a text.
func (k *Keeper) SignLink(p *rights.Principal, text func(signer string) string) (signature string, err error) {
	signer := signerToken + p.TokenID
	switch {
	case k.Dev():
		signer = signerDev
	case p.SessionID != "" && p.TokenID == p.SessionID:
		signer = signerSession + p.SessionID
	}
	key, _, err := k.linkKey(signer)
	if err != nil {
		return "", err
	}
	return string(signed(key, text(signer))), nil
}

// VerifyLink returns by whose rights a link with a text counts that a signer has signed, or
// Unauthenticated. What these are now is for the caller to look at.
func (k *Keeper) VerifyLink(signer, text, signature string) (rights.Principal, error) {
	if err := k.fresh(); err != nil {
		return rights.Principal{}, err
	}
	key, who, err := k.linkKey(signer)
	if err != nil || subtle.ConstantTimeCompare(signed(key, text), []byte(signature)) != 1 {
		return rights.Principal{}, errLinkOver
	}
	return who, nil
}

func signed(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// linkKey returns the key of a signer that still counts, and who it is.
func (k *Keeper) linkKey(signer string) (key []byte, who rights.Principal, err error) {
	var secret secrets.Hash
	if id, is := strings.CutPrefix(signer, signerToken); is && !k.Dev() {
		h := k.find(id)
		if h == nil {
			return nil, who, errLinkOver
		}
		secret, who = h.hash, k.ruled(h.principal)
	} else if id, is := strings.CutPrefix(signer, signerSession); is && !k.Dev() {
		a := k.findSession(id)
		if a == nil || a.Person == nil {
			return nil, who, errLinkOver
		}
		secret, who = a.hash, k.ruled(a.principal())
	} else if signer == signerDev && k.Dev() {
		secret, who = k.links, rights.Dev()
	} else {
		return nil, who, errLinkOver
	}
	if err := k.Standing(&who); err != nil {
		return nil, who, err
	}
	key, err = hkdf.Key(sha256.New, secret[:], nil, "auditlog viewer link", sha256.Size)
	return key, who, err
}
