package address

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// FromHere reports whether a request was made on this machine and by nobody else's
// order. One that passed a proxy was not, whatever the proxy says of where it came from:
// what it leaves out nobody knows.
func FromHere(r *http.Request) bool {
	return (Local(r.RemoteAddr) || onSocket(r.Context())) && !Proxied(r)
}

// Proxied reports whether a request says that it passed a proxy.
func Proxied(r *http.Request) bool {
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
