package address

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxAddresses bounds the memory of the limits. What is forgotten for it is the
// address that was seen longest ago, which starts afresh.
const maxAddresses = 10_000

// Limits bound how often one network may do something. Its methods may be called by several
// goroutines at once.
type Limits struct {
	rate  rate.Limit
	burst int

	mu       sync.Mutex // guards what follows
	networks map[netip.Prefix]*list.Element
	recent   list.List // of *networkLimit, the latest first
}

type networkLimit struct {
	network netip.Prefix
	limiter *rate.Limiter
}

// NewLimits returns Limits that let a network do so many a minute for long, and burst at once.
func NewLimits(perMinute, burst int) *Limits {
	return &Limits{
		rate:     rate.Limit(float64(perMinute) / 60),
		burst:    burst,
		networks: make(map[netip.Prefix]*list.Element),
	}
}

// Add counts one of an address and returns how long that must wait; 0 if not at all.
func (l *Limits) Add(a netip.Addr, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.limiter(NetworkOf(a)).ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait > 0 {
		r.CancelAt(now)
	}
	return wait
}

// Left returns how long an address must wait until one more of it is let through, and counts none; 0 if
// not at all.
func (l *Limits) Left(a netip.Addr, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	tokens := l.limiter(NetworkOf(a)).TokensAt(now)
	if tokens >= 1 {
		return 0
	}
	return time.Duration((1 - tokens) / float64(l.rate) * float64(time.Second))
}

func (l *Limits) limiter(network netip.Prefix) *rate.Limiter {
	if e := l.networks[network]; e != nil {
		l.recent.MoveToFront(e)
		return e.Value.(*networkLimit).limiter
	}
	if len(l.networks) >= maxAddresses {
		oldest := l.recent.Back()
		delete(l.networks, oldest.Value.(*networkLimit).network)
		l.recent.Remove(oldest)
	}
	n := &networkLimit{network, rate.NewLimiter(l.rate, l.burst)}
	l.networks[network] = l.recent.PushFront(n)
	return n.limiter
}

// NetworkOf returns what one caller is given at least: an IPv4 address, or the
// 2^64 addresses of an IPv6 network.
func NetworkOf(a netip.Addr) netip.Prefix {
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // no address: all such callers share one limit
	}
	return p
}
