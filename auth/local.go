package auth

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"auditlog/audit"
)

// OpenDev returns a Keeper in development mode: it needs no tokens, every call is
// Dev's. It knows and answers nobody but this machine's own programs and pages,
// whatever it is asked through; see Admit and MayListen.
func OpenDev(storage Storage, opts Options) (*Keeper, error) {
	k, err := Open(storage, opts)
	if err != nil {
		return nil, err
	}
	k.local = http.NewCrossOriginProtection()
	_, err = io.ReadFull(k.opts.Rand, k.links[:])
	return k, err
}

// Dev reports whether this is development mode.
func (k *Keeper) Dev() bool { return k.local != nil }

// MayListen returns nil unless this is development mode and an address to listen at
// can be reached from other machines.
func (k *Keeper) MayListen(at net.Addr) error {
	if !k.Dev() || at.Network() == "unix" || Local(at.String()) {
		return nil
	}
	return audit.Errorf(audit.Invalid, "development mode asks nobody who they are: it cannot listen at %s, "+
		"which other machines reach", at)
}

// Admit returns nil unless this is development mode and a request does not come
// from this machine's own programs and pages. Whoever answers requests asks it
// first; what knows a caller asks it again.
//
// A browser on this machine must not record or read for a page from elsewhere: one
// that calls across sites is told apart by its Origin, one whose own name was made
// to resolve to this machine by the Host.
func (k *Keeper) Admit(r *http.Request) error {
	switch {
	case !k.Dev():
		return nil
	case proxied(r):
		return audit.Errorf(audit.PermissionDenied, "in development mode no proxy is answered: it would let in whomever it serves")
	case !FromHere(r):
		return audit.Errorf(audit.PermissionDenied, "in development mode only this machine is answered")
	case !Local(r.Host):
		return audit.Errorf(audit.PermissionDenied, "in development mode only localhost is answered, not %.128q", r.Host)
	case k.local.Check(r) != nil:
		return audit.Errorf(audit.PermissionDenied, "in development mode no page from elsewhere is answered")
	}
	return nil
}

// FromHere reports whether a request was made on this machine and by nobody else's
// order. One that passed a proxy was not, whatever the proxy says of where it came from:
// what it leaves out nobody knows.
func FromHere(r *http.Request) bool {
	return (Local(r.RemoteAddr) || onSocket(r.Context())) && !proxied(r)
}

// proxied reports whether a request says that it passed a proxy.
func proxied(r *http.Request) bool {
	for _, name := range []string{
		"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Server",
		"X-Real-Ip", "X-Client-Ip", "True-Client-Ip", "Cf-Connecting-Ip",
	} {
		if len(r.Header[name]) > 0 {
			return true
		}
	}
	return false
}

// onSocket reports whether a request came through a Unix socket, which only this
// machine's programs reach and where nobody has an address.
func onSocket(ctx context.Context) bool {
	at, ok := ctx.Value(http.LocalAddrContextKey).(net.Addr)
	return ok && at.Network() == "unix"
}

// Local reports whether a host, with or without a port, can be reached from this
// machine alone. Of names only localhost is taken for that.
func Local(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.Unmap().IsLoopback()
}
