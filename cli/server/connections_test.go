package server

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"auditlog/auth"
)

// bounded returns bounds of 8 in all, of which 2 are kept, and 3 from one address.
func bounded() *connections {
	admin, proxy := netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr("192.0.2.8")
	return &connections{
		total: 8, perAddress: 3, reserve: 2,
		known:   func(a netip.Addr) bool { return a == admin },
		proxied: func(a netip.Addr) bool { return a == proxy },
		refused: func(netip.Addr) {},
		open:    make(map[net.Conn]netip.Prefix), from: make(map[netip.Prefix]int),
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	l := bounded()
	open := func(from string) net.Conn {
		c, other := net.Pipe()
		t.Cleanup(func() { c.Close(); other.Close() })
		if !l.enter(c, netip.MustParseAddr(from)) {
			return nil
		}
		return c
	}
	first := open("192.0.2.1")
	second, third, fourth := open("192.0.2.1"), open("192.0.2.1"), open("192.0.2.1")
	if second == nil || third == nil || fourth != nil {
		t.Error("one address has not three, or has four")
	}
	if l.leave(first); open("192.0.2.1") == nil {
		t.Error("a place that became free is not given")
	}
	for range 3 {
		if open("192.0.2.8") == nil {
			t.Error("a proxy is bounded as if it were one caller")
		}
	}
	// Six are open: the rest is kept.
	for _, from := range []string{"192.0.2.2", "192.0.2.8"} {
		if open(from) != nil {
			t.Errorf("%s takes what is kept for admins", from)
		}
	}
	if open("192.0.2.9") == nil || open("127.0.0.1") == nil {
		t.Error("an admin or this machine is not let in")
	}
	if open("127.0.0.1") != nil {
		t.Error("there is no bound in all")
	}
}

// Whoever has one address of IPv6 has 2^64 of them.
func TestConnectionsOfANetwork(t *testing.T) {
	l := bounded()
	for i, from := range []string{"2001:db8::1", "2001:db8::2", "2001:db8::3:4", "2001:db8::ffff:1", "2001:db8:0:1::1"} {
		c, other := net.Pipe()
		defer c.Close()
		defer other.Close()
		if let := l.enter(c, netip.MustParseAddr(from)); let != (i != 3) {
			t.Errorf("%s: let in %t", from, let)
		}
	}
}

func TestConnectionsOfAServer(t *testing.T) {
	l := bounded()
	l.total, l.reserve = 2, 0
	told := make(chan netip.Addr, 10)
	l.refused = func(a netip.Addr) { told <- a }
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }))
	srv.Config.ConnState = l.watch
	srv.Start()
	defer srv.Close()
	ask := func(c net.Conn) string {
		if c == nil {
			return ""
		}
		c.SetDeadline(time.Now().Add(10 * time.Second))
		fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		line, _ := bufio.NewReader(c).ReadString('\n')
		return strings.TrimSpace(line)
	}
	dial := func() net.Conn {
		c, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			return nil // one that is closed at once may be reset before it is there
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	a, b := dial(), dial()
	if ask(a) != "HTTP/1.1 200 OK" || ask(b) != "HTTP/1.1 200 OK" {
		t.Fatal("two are not answered")
	}
	if got := ask(dial()); got != "" {
		t.Errorf("a third is answered %q", got)
	}
	if at := <-told; !at.IsLoopback() {
		t.Errorf("told of %s", at)
	}
	a.Close()
	for range 100 {
		if ask(dial()) == "HTTP/1.1 200 OK" {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("the place of one that went is not given")
}

func TestConnectionBounds(t *testing.T) {
	k := new(auth.Keeper)
	for _, tt := range []struct {
		configured int
		files      uint64
		total      int
	}{{0, 1 << 20, 10_000}, {0, 1024, 768}, {0, 300, 64}, {0, 0, 10_000}, {500, 1024, 500}} {
		c := DefaultConfig()
		c.MaxConnections = tt.configured
		if l := newConnections(&c, k, tt.files, zerolog.Nop()); l.total != tt.total || l.reserve > l.total/4 {
			t.Errorf("%d configured, %d files: %d in all, %d kept", tt.configured, tt.files, l.total, l.reserve)
		}
	}
	c := DefaultConfig()
	c.MaxConnections = 900
	if err := c.checkConnections(1024); err == nil || !strings.Contains(err.Error(), "must be at most 768") {
		t.Errorf("more than there are files: %v", err)
	}
	c.MaxConnections = 0
	if err := c.checkConnections(100); err == nil || !strings.Contains(err.Error(), "may have 100 files open") {
		t.Errorf("too few files for the log's own: %v", err)
	}
}
