package auth

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"auditlog/audit"
)

// Authenticate returns who makes a request: the owner of its bearer token, or of
// the token that is its Basic password, whatever the user's name.
//
// It returns Unauthenticated, *Limited for an address that tried too often, or a
// *Denied of the principal returned for an address that the token is not for.
func (k *Keeper) Authenticate(r *http.Request) (Principal, error) {
	return k.Check(r, secretOf(r), audit.ChannelAPI)
}

// AuthenticateEarly is Authenticate for a call that asks for Standing again when it has come to the
// database: what other nodes have done since this one looked last need not count before that.
func (k *Keeper) AuthenticateEarly(r *http.Request) (Principal, error) {
	if k.nodes != nil && !k.Dev() {
		if p, err := k.known(r.Context(), secretOf(r), k.Address(r)); err == nil && p.SessionID == "" {
			return p, nil
		}
	}
	return k.Authenticate(r) // which other nodes may know more of
}

// StandingOf is Standing of who made a request, by what this node knows now: of a token also whether
// the secret that came with the request is still its. It asks nobody, and may be called in a commit.
func (k *Keeper) StandingOf(r *http.Request, p *Principal) error {
	if k.nodes == nil || k.Dev() || p.SessionID != "" {
		return k.Standing(p)
	}
	_, err := k.known(r.Context(), secretOf(r), k.Address(r))
	return err
}

// Check is Verify for a secret that came with a request in another way, such as
// in a form, and through a channel. It counts and limits failures as Authenticate does, but never holds
// up a valid token: others may share its address.
func (k *Keeper) Check(r *http.Request, secret string, channel audit.Channel) (Principal, error) {
	if k.Dev() {
		return Dev(), k.Admit(r)
	}
	p, err := k.verify(r.Context(), secret, k.Address(r))
	if err == nil && p.MayEverywhere(TokenCreate) {
		k.admins.note(peerOf(r), k.opts.Now())
	}
	if audit.KindOf(err) != audit.Unauthenticated {
		return p, err
	}
	k.counts.unauthenticated.Add(1)
	if secret != "" { // who brings none guesses nothing
		k.fail(r, channel)
	}
	if wait := k.failures.add(k.Address(r), k.opts.Now()); wait > 0 {
		k.counts.limited.Add(1)
		return Principal{}, &Limited{After: wait}
	}
	return Principal{}, err
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
func (k *Keeper) Address(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	at := peer.Addr().Unmap().WithZone("")
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !k.trusts(at) {
			return at
		}
		before, ok := parseHop(hop)
		if !ok {
			return at
		}
		at = before
	}
	return at
}

// parseHop reads one address of X-Forwarded-For, with which some proxies send a port.
func parseHop(s string) (netip.Addr, bool) {
	s = strings.TrimSpace(s)
	a, err := netip.ParseAddr(s)
	if err != nil {
		p, err := netip.ParseAddrPort(s)
		if err != nil {
			return netip.Addr{}, false
		}
		a = p.Addr()
	}
	return a.Unmap().WithZone(""), true
}

func (k *Keeper) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(k.opts.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(a) })
}
