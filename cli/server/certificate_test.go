package server

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// writePair writes a new certificate, of a name, and its key.
func writePair(t *testing.T, dir, name string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: pkcs}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

func (c *certificate) name() string { return c.current.Load().Leaf.Subject.CommonName }

func TestCertificateIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	cert, key := writePair(t, dir, "first")
	c, err := openCertificate(cert, key, zerolog.Nop())
	if err != nil || c.name() != "first" {
		t.Fatal(err)
	}
	c.reload()
	writePair(t, dir, "second")
	if c.stamps() == c.seen {
		t.Error("a change is not seen")
	}
	if c.reload(); c.name() != "second" || c.stamps() != c.seen {
		t.Errorf("after a change it is that of %s", c.name())
	}
	// Half of a renewal: the key is not there yet.
	if err := os.WriteFile(key, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c.reload(); c.name() != "second" {
		t.Errorf("a pair that does not fit replaced that of %s", c.name())
	}
	if _, err := openCertificate(cert, key, zerolog.Nop()); err == nil {
		t.Error("a start with a pair that does not fit")
	}
}

func TestCertificateOnSignal(t *testing.T) {
	dir := t.TempDir()
	cert, key := writePair(t, dir, "first")
	c, err := openCertificate(cert, key, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := c.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	defer running.Wait()
	defer stop()
	time.Sleep(100 * time.Millisecond) // for it to listen: without that the signal ends the test
	writePair(t, dir, "second")
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if c.name() == "second" {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Error("it was not read again")
}

func TestPrivateKeyOfOthers(t *testing.T) {
	cert, key := writePair(t, t.TempDir(), "first")
	for mode, warned := range map[os.FileMode]bool{0o600: false, 0o640: false, 0o400: false, 0o644: true, 0o660: true, 0o604: true} {
		if err := os.Chmod(key, mode); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		if _, err := openCertificate(cert, key, zerolog.New(&log)); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(log.String(), "others can read the private key"); got != warned {
			t.Errorf("%v: warned %t", mode, got)
		}
	}
}

// What is spoken authenticates what it encrypts, and is no older than TLS 1.2.
func TestTLSIsOfToday(t *testing.T) {
	cert, key := writePair(t, t.TempDir(), "localhost")
	c, err := openCertificate(cert, key, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	handshake := func(client *tls.Config) error {
		client.InsecureSkipVerify = true // it is about how, not with whom
		a, b := net.Pipe()
		defer a.Close()
		defer b.Close()
		go tls.Server(a, c.config()).Handshake()
		return tls.Client(b, client).Handshake()
	}
	if err := handshake(&tls.Config{}); err != nil {
		t.Error(err)
	}
	if err := handshake(&tls.Config{MaxVersion: tls.VersionTLS12}); err != nil {
		t.Error(err)
	}
	if err := handshake(&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		err := handshake(&tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite.ID}})
		if err == nil && !strings.Contains(suite.Name, "GCM") && !strings.Contains(suite.Name, "POLY1305") {
			t.Errorf("%s is spoken", suite.Name)
		}
	}
}
