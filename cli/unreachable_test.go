package cli

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auditlog/cli/exit"
)

// certified serves TLS with a certificate that signs itself, and returns the address with a file of
// that certificate.
func certified(t *testing.T, name string, from, to time.Time) (address, file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: to, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"ok":true}`) }))
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	file = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return srv.URL, file
}

// A certificate that does not hold says so, and what to do about it.
func TestCertificatesAreExplained(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	now := time.Now()
	good, goodCA := certified(t, "127.0.0.1", now.Add(-time.Hour), now.Add(time.Hour))
	other, otherCA := certified(t, "audit.example.com", now.Add(-time.Hour), now.Add(time.Hour))
	old, oldCA := certified(t, "127.0.0.1", now.Add(-2*time.Hour), now.Add(-time.Hour))
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"trusted":         {[]string{"--url", good, "--ca-cert", goodCA}, exit.OK, ""},
		"unknown":         {[]string{"--url", good}, exit.Failure, "name their certificate with --ca-cert FILE"},
		"another's":       {[]string{"--url", good, "--ca-cert", otherCA}, exit.Failure, "name their certificate with --ca-cert FILE"},
		"of another name": {[]string{"--url", other, "--ca-cert", otherCA}, exit.Failure, "the server's certificate is for audit.example.com"},
		"out of date":     {[]string{"--url", old, "--ca-cert", oldCA}, exit.Failure, "the server's certificate is out of date"},
		"no TLS":          {[]string{"--url", strings.Replace(plain.URL, "http:", "https:", 1)}, exit.Failure, "is it " + plain.URL + "?"},
		"TLS":             {[]string{"--url", strings.Replace(good, "https:", "http:", 1)}, exit.Failure, "the server speaks TLS: is it " + good + "?"},
		"no file":         {[]string{"--url", good, "--ca-cert", "/nowhere.pem"}, exit.Failure, "read certificates of /nowhere.pem"},
		"no certificate":  {[]string{"--url", good, "--ca-cert", os.Args[0]}, exit.Failure, "there is no certificate in PEM form"},
	} {
		var stderr bytes.Buffer
		code := Main(append([]string{"ready"}, c.args...), strings.NewReader(""), io.Discard, &stderr)
		if code != c.code || !strings.Contains(stderr.String(), c.want) {
			t.Errorf("%s: %d, want %d with %q in\n%s", name, code, c.code, c.want, stderr.String())
		}
	}
}
