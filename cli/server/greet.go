package server

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"

	"auditlog/audit"
	"auditlog/cli/exit"
)

// greet tells on standard output where the server is and what to try first. The
// log, on standard error, never holds what this says: the first admin token is
// among it. Nobody is answered before.
func (s *server) greet(ctx context.Context) error {
	if !s.keeper.Dev() {
		err := s.keeper.Start(ctx, s.cfg.AdminToken, s.showFirstToken)
		if audit.KindOf(err) == audit.Invalid {
			return exit.Usagef("%s: %w", adminTokenEnv, err)
		}
		if err != nil {
			return err
		}
	}
	if s.cfg.exposed() {
		s.log.Warn().Str("listen", s.cfg.Listen).Msg("tokens travel unencrypted: use --tls-cert, or a proxy with TLS and --trusted-proxy")
	}
	base := s.baseURL()
	var b strings.Builder
	fmt.Fprintf(&b, "auditlog: listening on %s, data in %s\n", base, s.cfg.Data)
	if s.keeper.Dev() {
		b.WriteString("\n  DEVELOPMENT MODE: nobody is asked who they are. Every program on this machine\n" +
			"  can record, read and delete everything. Other machines are not let in.\n")
	}
	fmt.Fprintf(&b, "\nThe Audit Logs page is at %s/. Record an entry, and list what there is:\n\n  %s\n  %s\n\n", base,
		s.curl(base, "auditLog.record", `{"project":"demo","actor":{"email":"ada@example.com"},"action":"deployment.deploy",`+
			`"resource":{"type":"Deployment","name":"web"},"outcome":"success"}`),
		s.curl(base, "auditLog.list", `{"project":"demo"}`))
	_, err := io.WriteString(s.stdout, b.String())
	return err
}

func (s *server) curl(base, method, body string) string {
	header := ""
	if !s.keeper.Dev() {
		header = ` -H "Authorization: Bearer $AUDITLOG_TOKEN"`
	}
	return fmt.Sprintf("curl%s %s/%s -d '%s'", header, base, method, body)
}

// baseURL returns the server's address as a program on this machine reaches it.
func (s *server) baseURL() string {
	scheme := "http"
	if s.http.TLSConfig != nil {
		scheme = "https"
	}
	host, _, _ := net.SplitHostPort(s.cfg.Listen) // checked before
	_, port, _ := net.SplitHostPort(s.listener.Addr().String())
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + "://" + net.JoinHostPort(host, port) + s.cfg.BasePath
}
