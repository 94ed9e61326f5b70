package connection

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"auditlog/audit"
	"auditlog/cli/exit"
	"auditlog/client"
)

// Unreachable gives the error of a server that is not there, or is not whom one trusts, a hint.
func Unreachable(c *client.Client, err error) error {
	var dial *url.Error
	if !errors.As(err, &dial) {
		return wrongScheme(c, err)
	}
	if hint := certificateHint(c, err); hint != "" {
		return exit.Hinted(exit.With(exit.Failure, err), "%s", hint)
	}
	if audit.KindOf(err) != audit.Unavailable {
		return err
	}
	return exit.Hinted(err, "is the server running at %s? see AUDITLOG_URL, --url and auditlog context", c.URL)
}

// certificateHint says what to do about a certificate that does not hold, or nothing where an
// error is of no certificate.
func certificateHint(c *client.Client, err error) string {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &unknown):
		return "nobody whom this machine trusts has signed the server's certificate: if you know who has, name their certificate with --ca-cert FILE or AUDITLOG_CA_CERT"
	case errors.As(err, &host):
		if of := namesOf(host.Certificate); of != "" {
			return "the server's certificate is for " + of + ": ask it by that name, or have it get one for this name"
		}
		return "the server's certificate is for no name at all: have it get one for this name"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the server's certificate is out of date, or this machine's clock is wrong: it holds from " +
			invalid.Cert.NotBefore.Format("2006-01-02") + " to " + invalid.Cert.NotAfter.Format("2006-01-02")
	case errors.As(err, &invalid):
		return "the server's certificate is not one for a server: have it get another"
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return "the server does not speak TLS: is it " + strings.Replace(c.URL, "https://", "http://", 1) + "?"
	}
	return ""
}

// namesOf returns whom a certificate is for.
func namesOf(cert *x509.Certificate) string {
	names := cert.DNSNames
	for _, ip := range cert.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) > 3 {
		names = append(names[:3:3], "others")
	}
	return strings.Join(names, ", ")
}

// wrongScheme hints at a server that speaks TLS and was asked without.
func wrongScheme(c *client.Client, err error) error {
	if err == nil || !strings.HasPrefix(c.URL, "http://") || !strings.Contains(err.Error(), "HTTP request to an HTTPS server") {
		return err
	}
	return exit.Hinted(err, "the server speaks TLS: is it %s?", strings.Replace(c.URL, "http://", "https://", 1))
}
