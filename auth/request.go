package auth

import (
	"net/http"
	"net/netip"
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/auth/address"
	"auditlog/auth/rights"
)

// Authenticate returns who makes a request: the owner of its bearer token, or of
// the token that is its Basic password, whatever the user's name.
//
// It returns Unauthenticated, *Limited for an address that tried too often, or a
// *Denied of the principal returned for an address that the token is not for.
func (k *Keeper) Authenticate(r *http.Request) (rights.Principal, error) {
	return k.Check(r, secretOf(r), audit.ChannelAPI)
}

// AuthenticateEarly is Authenticate for a call that asks for Standing again when it has come to the
// database: what other nodes have done since this one looked last need not count before that.
func (k *Keeper) AuthenticateEarly(r *http.Request) (rights.Principal, error) {
	if k.nodes != nil && !k.Dev() {
		if p, err := k.known(r.Context(), secretOf(r), k.Address(r)); err == nil && p.SessionID == "" {
			k.noteAdmin(r, &p)
			return p, nil
		}
	}
	return k.Authenticate(r) // which other nodes may know more of
}

// StandingOf is Standing of who made a request, by what this node knows now: of a token also whether
// the secret that came with the request is still its. It asks nobody, and may be called in a commit.
func (k *Keeper) StandingOf(r *http.Request, p *rights.Principal) error {
	if k.nodes == nil || k.Dev() || p.SessionID != "" {
		return k.Standing(p)
	}
	_, err := k.known(r.Context(), secretOf(r), k.Address(r))
	return err
}

// Check is Verify for a secret that came with a request in another way, such as
// in a form, and through a channel. It counts and limits failures as Authenticate does, but never holds
// up a valid token: others may share its address.
func (k *Keeper) Check(r *http.Request, secret string, channel audit.Channel) (rights.Principal, error) {
	if k.Dev() {
		return rights.Dev(), k.Admit(r)
	}
	p, err := k.verify(r.Context(), secret, k.Address(r))
	if err == nil {
		k.noteAdmin(r, &p)
	}
	if audit.KindOf(err) != audit.Unauthenticated {
		return p, err
	}
	k.counts.unauthenticated.Add(1)
	if secret != "" { // who brings none guesses nothing
		k.refused.Unknown(k.NewCall(r, rights.Principal{}, channel, ""), k.Address(r))
	}
	if limited := k.limit(k.failures.Add(k.Address(r), k.opts.Now())); limited != nil {
		return rights.Principal{}, limited
	}
	return rights.Principal{}, err
}

// noteAdmin notes where an admin of all projects calls from.
func (k *Keeper) noteAdmin(r *http.Request, p *rights.Principal) {
	if p.MayEverywhere(rights.TokenCreate) {
		k.admins.Note(address.PeerOf(r), k.opts.Now())
	}
}

// limit returns a *Limited, which it counts, for who must wait so long; nil for 0.
func (k *Keeper) limit(wait time.Duration) error {
	if wait <= 0 {
		return nil
	}
	k.counts.limited.Add(1)
	return &Limited{After: wait}
}

// secretOf returns the token that a request carries, or "".
func secretOf(r *http.Request) string {
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(secret)
}

// Address returns where a request comes from: who made the connection or, when
// that is a trusted proxy, the last one before the trusted ones. It is invalid
// where no address is known, as with a Unix socket.
func (k *Keeper) Address(r *http.Request) netip.Addr { return k.proxies().Of(r) }

// Trusts reports whether an address is that of a trusted proxy.
func (k *Keeper) Trusts(a netip.Addr) bool { return k.proxies().Trust(a) }

func (k *Keeper) proxies() address.Proxies { return k.opts.TrustedProxies }

// AdminFrom reports whether an admin of all projects called from an address in the last
// day, as far as connections tell.
func (k *Keeper) AdminFrom(peer netip.Addr) bool { return k.admins.Lately(peer, k.opts.Now()) }

// NewCall returns the call that a request is. The channel is the one through which the
// log was reached, as its caller here knows: what a client says of itself in a header
// would let whoever acts choose what the entry about it says.
func (k *Keeper) NewCall(r *http.Request, p rights.Principal, channel audit.Channel, requestID string) *rights.Call {
	c := &rights.Call{Principal: p, Channel: channel}
	c.Request = audit.Request{UserAgent: r.UserAgent(), ID: requestID}
	if a := k.Address(r); a.IsValid() {
		c.Request.IP = a.String()
	}
	return c
}
