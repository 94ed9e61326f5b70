package server

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/time/rate"

	"auditlog/auth"
	"auditlog/auth/address"
)

// connections bounds how many connections are open at once: in all, so that the
// process keeps descriptors for its files, and from one address, so that nobody takes
// all of them. A few in all are kept for those who can mend things: whoever is on this
// machine, and addresses where an admin was lately.
//
// What is over a bound is closed as soon as it is accepted: to leave it waiting would
// have everybody behind it wait too.
type connections struct {
	total, perAddress int
	reserve           int
	// known reports whether an address may take of the reserve, proxied whether it is
	// that of many, and so has no bound of its own.
	known, proxied func(netip.Addr) bool
	// refused is told of each connection that was closed.
	refused func(netip.Addr)

	mu   sync.Mutex                // guards what follows
	open map[net.Conn]netip.Prefix // where each is from
	from map[netip.Prefix]int
}

// Bounds on connections that are not configured.
const (
	mostConnections = 10_000
	// LeastConnections is how many there may be however few files a process may have open.
	LeastConnections = 64
	// keptFiles is how many open files are left to the log's own: its database, its
	// index and what reads them.
	keptFiles = 256
	// reserved is how many connections are kept for those who can mend things.
	reserved = 32
)

// newConnections returns the bounds of a configuration. Where it has none they follow
// from how many files may be open; 0 is unknown.
func newConnections(c *Config, k *auth.Keeper, files uint64, log zerolog.Logger) *connections {
	total := c.MaxConnections
	if total == 0 {
		total = mostConnections
		if files > 0 {
			total = int(min(mostConnections, max(LeastConnections, files-min(files, keptFiles))))
		}
	}
	told := new(rate.Sometimes)
	told.Interval = time.Minute
	return &connections{
		total: total, perAddress: c.MaxConnectionsPerAddress, reserve: min(reserved, total/4),
		known: k.AdminFrom, proxied: k.Trusts,
		refused: func(at netip.Addr) {
			told.Do(func() {
				log.Warn().Stringer("ip", at).Int("most", total).Int("mostOfAnAddress", c.MaxConnectionsPerAddress).
					Msg("connections are closed at once: there are too many")
			})
		},
		open: make(map[net.Conn]netip.Prefix), from: make(map[netip.Prefix]int),
	}
}

// watch is the hook of an http.Server that is told how its connections go.
func (l *connections) watch(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if at := addressOf(c); !l.enter(c, at) {
			if tcp, ok := c.(interface{ SetLinger(int) error }); ok {
				_ = tcp.SetLinger(0) // leaves nothing behind to wait for
			}
			_ = c.Close()
			l.refused(at)
		}
	case http.StateClosed, http.StateHijacked:
		l.leave(c)
	}
}

func addressOf(c net.Conn) netip.Addr {
	p, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return p.Addr().Unmap().WithZone("")
}

// enter counts a connection from an address, unless it is one too many.
func (l *connections) enter(c net.Conn, at netip.Addr) bool {
	local := at.IsLoopback() || !at.IsValid()
	most := l.total
	if !local && !l.known(at) {
		most -= l.reserve
	}
	network := address.NetworkOf(at) // who has one address of IPv6 has many
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.open) >= most || !local && !l.proxied(at) && l.from[network] >= l.perAddress {
		return false
	}
	l.open[c] = network
	l.from[network]++
	return true
}

// leave forgets a connection; one that did not enter is not known.
func (l *connections) leave(c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at, ok := l.open[c]
	if !ok {
		return
	}
	delete(l.open, c)
	if l.from[at]--; l.from[at] == 0 {
		delete(l.from, at)
	}
}
