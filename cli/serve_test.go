package cli

import (
	"crypto/x509"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestServeTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeCertificate(t, cert, key)
	p, err := startServer(os.Environ(), dir, "--dev", "--data", dir, "--tls-cert", cert, "--tls-key", key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	if !strings.HasPrefix(p.url, "https://127.0.0.1:") {
		t.Errorf("the server says it is at %s", p.url)
	}
	list, err := program(append(os.Environ(), "SSL_CERT_FILE="+cert, "AUDITLOG_URL="+p.url), "project", "list", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := list.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "[]" {
		t.Errorf("listing over TLS: %v\n%s", err, out)
	}
	if err := p.stop(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if _, err := startServer(os.Environ(), dir, "--dev", "--data", dir, "--tls-cert", cert, "--tls-key", cert); err == nil {
		t.Error("a certificate is taken for a key")
	} else if !strings.Contains(err.Error(), "load TLS certificate") {
		t.Errorf("a certificate as a key: %v", err)
	}
}

// writeCertificate writes httptest's own certificate, which is for 127.0.0.1.
func writeCertificate(t *testing.T, cert, key string) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	pair := s.TLS.Certificates[0]
	keyBytes, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{
		cert: {Type: "CERTIFICATE", Bytes: pair.Certificate[0]},
		key:  {Type: "PRIVATE KEY", Bytes: keyBytes},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
