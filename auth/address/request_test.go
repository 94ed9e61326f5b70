package address

import (
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestOf(t *testing.T) {
	proxies := Proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, tt := range []struct {
		remote    string
		forwarded []string
		want      string
	}{
		{"192.0.2.1:80", nil, "192.0.2.1"},
		{"[::ffff:192.0.2.1]:80", nil, "192.0.2.1"},
		{"[fe80::1%eth0]:80", nil, "fe80::1"},
		{"@", []string{"192.0.2.7"}, "invalid IP"},
		{"192.0.2.1:80", []string{"192.0.2.7"}, "192.0.2.1"},
		{"10.0.0.1:80", nil, "10.0.0.1"},
		{"10.0.0.1:80", []string{"192.0.2.7"}, "192.0.2.7"},
		{"10.0.0.1:80", []string{"192.0.2.66, 192.0.2.7"}, "192.0.2.7"},
		{"10.0.0.1:80", []string{"192.0.2.66", "192.0.2.7,10.9.9.9"}, "192.0.2.7"},
		{"[fd00::1]:80", []string{"2001:db8::7, [fd00::2]:443"}, "2001:db8::7"},
		{"10.0.0.1:80", []string{"192.0.2.7:4711"}, "192.0.2.7"},
		{"10.0.0.1:80", []string{"unknown"}, "10.0.0.1"},
		{"10.0.0.1:80", []string{"192.0.2.66, garbage, 10.2.2.2"}, "10.2.2.2"},
		{"10.0.0.1:80", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"10.0.0.1:80", []string{""}, "10.0.0.1"},
	} {
		r := httptest.NewRequest("POST", "/", nil)
		r.RemoteAddr = tt.remote
		for _, h := range tt.forwarded {
			r.Header.Add("X-Forwarded-For", h)
		}
		if got := proxies.Of(r).String(); got != tt.want {
			t.Errorf("from %s via %q: %s, want %s", tt.remote, tt.forwarded, got, tt.want)
		}
	}
}

func FuzzOf(f *testing.F) {
	proxies := Proxies{netip.MustParsePrefix("10.0.0.0/8")}
	for _, h := range []string{"192.0.2.7", "a,,b", "[::1]:80,10.0.0.2", "::ffff:10.0.0.3, 10.1.1.1"} {
		f.Add("10.0.0.1:80", h)
		f.Add("192.0.2.1:80", h)
	}
	f.Fuzz(func(t *testing.T, remote, forwarded string) {
		r := httptest.NewRequest("POST", "/", nil)
		r.RemoteAddr = remote
		direct := proxies.Of(r)
		r.Header["X-Forwarded-For"] = []string{forwarded}
		if got := proxies.Of(r); got != direct && !proxies.Trust(direct) {
			t.Fatalf("%s, which is no proxy, is taken for %s", direct, got)
		}
	})
}
