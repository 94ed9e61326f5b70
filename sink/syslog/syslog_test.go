package syslog_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/sink"
	"auditlog/sink/kinds"
	"auditlog/sink/sinktest"
)

func open(t *testing.T, c sink.Config) sink.Destination {
	t.Helper()
	d, err := kinds.Open(c, sinktest.Environment())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// authority signs certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  string
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "exam"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.cert, a.key, a.pem = template, nil, ""
	key, der := a.sign(template)
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a.cert, a.key, a.pem = cert, key, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return a
}

// sign makes a key and has the authority, or itself if there is none yet, sign for it.
func (a *authority) sign(template *x509.Certificate) (*ecdsa.PrivateKey, []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	by := a.key
	if by == nil {
		by = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, by)
	if err != nil {
		a.t.Fatal(err)
	}
	return key, der
}

// pair returns a certificate for 127.0.0.1, and its key, in PEM.
func (a *authority) pair(name string) (cert, key string) {
	k, der := a.sign(&x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	})
	raw, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		a.t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
}

// trust returns the settings of a server that asks for certificates of the authority's.
func (a *authority) trust() *tls.Config {
	cert, key := a.pair("server")
	pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		a.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}
}

// faults are those that a syslog server can have. It answers nothing.
var faults = []sinktest.Fault{sinktest.Fails, sinktest.CutRequest, sinktest.Hangs, sinktest.CutAnswer, sinktest.Restarts, sinktest.CutRequest}

func TestExamTCP(t *testing.T) {
	s := newServer(t, nil)
	sinktest.Run(t, sinktest.Exam{
		Open:     func(t *testing.T) sink.Destination { return open(t, sink.Config{To: "syslog+tcp://" + s.address()}) },
		Receiver: s, Faults: faults,
	})
}

// Over TLS each side shows the other a certificate.
func TestExamTLS(t *testing.T) {
	a := newAuthority(t)
	s := newServer(t, a.trust())
	cert, key := a.pair("client")
	sinktest.Run(t, sinktest.Exam{
		Open: func(t *testing.T) sink.Destination {
			return open(t, sink.Config{To: "syslog+tls://" + s.address(), Settings: map[string]string{"ca": a.pem, "certificate": cert}, Secrets: map[string]string{"key": key}})
		},
		Receiver: s, Faults: faults,
	})
}

// Nobody is sent anything whose certificate does not verify, nor takes anything from somebody
// without one.
func TestCertificates(t *testing.T) {
	a, stranger := newAuthority(t), newAuthority(t)
	s := newServer(t, a.trust())
	cert, key := stranger.pair("client")
	// Why a server refuses a client is lost where the connection is reset at once.
	for want, c := range map[string]sink.Config{
		"certificate signed by unknown authority": {To: "syslog+tls://" + s.address(), Settings: map[string]string{"ca": stranger.pem}},
		"":         {To: "syslog+tls://" + s.address(), Settings: map[string]string{"ca": a.pem}},
		"send to ": {To: "syslog+tls://" + s.address(), Settings: map[string]string{"ca": a.pem, "certificate": cert}, Secrets: map[string]string{"key": key}},
	} {
		d := open(t, c)
		if err := d.Deliver(t.Context(), sinktest.Batch(sinktest.Entries(3))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
		d.Close()
	}
	if got := s.Taken(); len(got) > 0 {
		t.Errorf("taken were %v", got)
	}
}

// Where nobody confirms, a server that never ends a connection takes batches all the same.
func TestUnconfirmed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		b := make([]byte, 100)
		n, _ := c.Read(b)
		got <- string(b[:n])
		t.Cleanup(func() { c.Close() })
	}()
	d := open(t, sink.Config{To: "syslog+tcp://" + l.Addr().String(), Settings: map[string]string{"confirm": "no"}})
	if err := d.Deliver(t.Context(), sinktest.Batch(sinktest.Entries(1))); err != nil {
		t.Fatal(err)
	}
	if text := <-got; !strings.Contains(text, " <110>1 ") {
		t.Errorf("%q", text)
	}
}

// What stands in the head of a message cannot end it.
func TestEscapes(t *testing.T) {
	e := sinktest.Entries(1)[0]
	e.Action, e.Project, e.Outcome = "a b\n雪"+strings.Repeat("x", 40), `q"\]`, audit.Forbidden
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		b := make([]byte, 10_000)
		n := 0
		for err == nil {
			var m int
			m, err = c.Read(b[n:])
			n += m
		}
		got <- string(b[:n])
	}()
	d := open(t, sink.Config{To: "syslog+tcp://" + l.Addr().String(), Format: "cef", Settings: map[string]string{"app": "a udit", "facility": "4", "enterprise": "99"}})
	if err := d.Deliver(t.Context(), sinktest.Batch([]*audit.Entry{e})); err != nil {
		t.Fatal(err)
	}
	want := ` log.example.com a_udit - a_b__` + strings.Repeat("x", 27) + ` [auditlog@99 key="5f1c0ffee-3-1" project="q\"\\\]" id="1" seq="1"] CEF:0|`
	if text := <-got; !strings.Contains(text, want) || !strings.Contains(text, " <36>1 ") {
		t.Errorf("%q\nwant %q", text, want)
	}
}

func TestRefuses(t *testing.T) {
	for want, c := range map[string]sink.Config{
		"to: must be like syslog+tls://host:port":                          {To: "syslog+tls://"},
		"to: must begin with syslog+tls where there are certificates":      {To: "syslog+tcp://127.0.0.1", Settings: map[string]string{"ca": newAuthority(t).pem}},
		"settings.facility: must be a number from 0 to 23":                 {To: "syslog+tcp://127.0.0.1", Settings: map[string]string{"facility": "audit"}},
		"settings.enterprise: must be a number from 1 to 4294967295":       {To: "syslog+tcp://127.0.0.1", Settings: map[string]string{"enterprise": "0"}},
		"settings.timeout: must be a time between 1s and 10m":              {To: "syslog+tcp://127.0.0.1", Settings: map[string]string{"timeout": "1h"}},
		"settings.confirm: must be one of close, no":                       {To: "syslog+tcp://127.0.0.1", Settings: map[string]string{"confirm": "yes"}},
		"to: must begin with one of https, http, syslog+tls, syslog+tcp, ": {To: "syslog+udp://127.0.0.1"},
	} {
		if _, err := kinds.Open(c, sinktest.Environment()); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}
