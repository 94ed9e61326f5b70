package address

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are those whose X-Forwarded-For tells where a call comes from.
type Proxies []netip.Prefix

// Trust reports whether an address is that of one of them.
func (p Proxies) Trust(a netip.Addr) bool {
	return slices.ContainsFunc(p, func(of netip.Prefix) bool { return of.Contains(a) })
}

// Of returns where a request comes from: who made the connection or, when
// that is a trusted proxy, the last one before the trusted ones. It is invalid
// where no address is known, as with a Unix socket.
func (p Proxies) Of(r *http.Request) netip.Addr {
	at := PeerOf(r)
	if !at.IsValid() {
		return at
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !p.Trust(at) {
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

// PeerOf returns who made the connection of a request; it is invalid where
// no address is known.
func PeerOf(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return peer.Addr().Unmap().WithZone("")
}
