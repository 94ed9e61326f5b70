package api

import (
	"net"
	"net/http"
	"strings"

	"auditlog/audit"
)

// checkLocal guards a log without tokens against web pages: a browser on this
// machine must not record or read for a page from elsewhere. A page that calls
// across sites is told apart by its Origin, one whose own name was made to
// resolve to this machine by the Host.
func (s *Server) checkLocal(r *http.Request) error {
	if !localHost(r.Host) {
		return audit.Errorf(audit.PermissionDenied, "in development mode only localhost is answered, not %.128q", r.Host)
	}
	if s.crossOrigin.Check(r) != nil {
		return audit.Errorf(audit.PermissionDenied, "in development mode no page from elsewhere is answered")
	}
	return nil
}

func localHost(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback()
}
