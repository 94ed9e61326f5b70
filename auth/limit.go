package auth

import (
	"container/list"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"auditlog/audit"
)

// Limited is the error of a call without a valid token from where too many such
// came: a RateLimited Fault.
type Limited struct {
	// After is when the next call is answered again.
	After time.Duration
}

// Error says what a caller can do.
func (l *Limited) Error() string { return "too many calls without a valid token: try again later" }

// Unwrap returns the Fault that the caller is answered with.
func (l *Limited) Unwrap() error {
	return &audit.Fault{Kind: audit.RateLimited, Message: l.Error()}
}

// RetryAfter returns After, for whoever sets a Retry-After header.
func (l *Limited) RetryAfter() time.Duration { return l.After }

// maxAddresses bounds the memory of the limits. What is forgotten for it is the
// address that was seen longest ago, which starts afresh.
const maxAddresses = 10_000

// addressLimits limits failures by the network that they come from.
type addressLimits struct {
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

func newAddressLimits(perMinute, burst int) *addressLimits {
	return &addressLimits{
		rate:     rate.Limit(float64(perMinute) / 60),
		burst:    burst,
		networks: make(map[netip.Prefix]*list.Element),
	}
}

// add counts a failure and returns how long its address must wait; 0 if not at all.
func (l *addressLimits) add(a netip.Addr, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.limiter(networkOf(a)).ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait > 0 {
		r.CancelAt(now)
	}
	return wait
}

// left returns how long an address must wait until one more of its failures counts; 0 if not at all.
func (l *addressLimits) left(a netip.Addr, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	tokens := l.limiter(networkOf(a)).TokensAt(now)
	if tokens >= 1 {
		return 0
	}
	return time.Duration((1 - tokens) / float64(l.rate) * float64(time.Second))
}

func (l *addressLimits) limiter(network netip.Prefix) *rate.Limiter {
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

// networkOf returns what one caller is given at least: an IPv4 address, or the
// 2^64 addresses of an IPv6 network.
func networkOf(a netip.Addr) netip.Prefix {
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

// counts are of events since the start.
type counts struct {
	unauthenticated, limited, refused, refusalEntries, refusalFailures, conflicts, exceeded atomic.Int64
}

// Stats are numbers for monitoring, counted since the start but Tokens.
type Stats struct {
	// Tokens counts the tokens that count.
	Tokens int
	// Unauthenticated counts calls without a valid token, Limited those among
	// them that were told to wait.
	Unauthenticated, Limited int64
	// Refused counts calls that the caller may not make, RefusalEntries the
	// entries that tell of them, RefusalFailures the failures to record one.
	Refused, RefusalEntries, RefusalFailures int64
	// Conflicts counts entries that were not recorded because others have their keys.
	Conflicts int64
	// Exceeded counts calls that were to record more than a limit allows.
	Exceeded int64
}

// Stats returns the numbers of now.
func (k *Keeper) Stats() Stats {
	s := Stats{
		Unauthenticated: k.counts.unauthenticated.Load(),
		Limited:         k.counts.limited.Load(),
		Refused:         k.counts.refused.Load(),
		RefusalEntries:  k.counts.refusalEntries.Load(),
		RefusalFailures: k.counts.refusalFailures.Load(),
		Conflicts:       k.counts.conflicts.Load(),
		Exceeded:        k.counts.exceeded.Load(),
	}
	now := k.opts.Now()
	k.mu.RLock()
	defer k.mu.RUnlock()
	for _, h := range k.tokens {
		if h.live(now) == nil {
			s.Tokens++
		}
	}
	return s
}
