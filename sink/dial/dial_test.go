package dial

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"auditlog/sink"
)

func TestIsLocal(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1": true, "127.8.9.10": true, "::1": true, "::ffff:127.0.0.1": true, "0.0.0.0": true, "0.1.2.3": true, "::": true,
		"169.254.169.254": true, "fe80::1": true, "fe80::1%eth0": true, "::ffff:169.254.169.254": true,
		"64:ff9b::7f00:1": true, "64:ff9b::a9fe:a9fe": true, "::127.0.0.1": true, "fd00:ec2::254": true, "100.100.100.200": true,
		"224.0.0.1": true, "ff02::1": true, "168.63.129.16": true, "fd20:ce::254": true, "192.0.0.192": true, "2002:7f00:1::": true,
		"2002:a9fe:a9fe::1": true, "64:ff9b:1::a9fe:a9fe": true, "2002:cb00:7109::1": false,
		"10.0.0.1": false, "192.168.1.1": false, "203.0.113.9": false, "fd00::1": false, "2001:db8::1": false, "64:ff9b::cb00:7109": false,
	} {
		if got := isLocal(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}

func options(t *testing.T, to string, allow bool) *sink.Options {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	return &sink.Options{URL: u, Environment: sink.Environment{AllowLocal: allow}}
}

func TestLocalAddressesAreRefused(t *testing.T) {
	for _, to := range []string{"https://127.0.0.1:1/", "https://[::1]/", "https://localhost", "https://LOCALHOST.:8", "https://a.localhost",
		"https://169.254.169.254/latest", "https://[::ffff:127.0.0.1]/"} {
		if _, err := New(options(t, to, false)); err == nil || !strings.Contains(err.Error(), "--allow-local-sinks") {
			t.Errorf("%s: %v", to, err)
		}
		if _, err := New(options(t, to, true)); err != nil {
			t.Errorf("%s, allowed: %v", to, err)
		}
	}
}

// A name that resolves to this machine is refused when it is connected to.
func TestRebinding(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for _, allow := range []bool{false, true} {
		connect, err := New(options(t, "https://sink.example.com", allow))
		if err != nil {
			t.Fatal(err)
		}
		// localhost stands for a name that no longer means what it did at first.
		c, err := connect(t.Context(), "tcp", "localhost:"+port)
		if (err == nil) != allow {
			t.Errorf("allowed %v: %v", allow, err)
		}
		if c != nil {
			c.Close()
		}
	}
}

func TestTLSRefuses(t *testing.T) {
	for name, c := range map[string]struct{ ca, certificate, key, want string }{
		"ca":          {ca: "x", want: "settings.ca: holds no certificate in PEM"},
		"no key":      {certificate: "x", want: "secrets.key: is required beside a certificate"},
		"key alone":   {key: "x", want: "settings.certificate: is required beside a key"},
		"no PEM":      {certificate: "x", key: "s3cret", want: "settings.certificate: and its key do not belong together, or are not PEM"},
		"nothing set": {},
	} {
		o := &sink.Options{Settings: map[string]string{"ca": c.ca, "certificate": c.certificate}, Secrets: map[string]string{"key": c.key}}
		_, err := TLS(o)
		if (err == nil) != (c.want == "") || err != nil && err.Error() != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
