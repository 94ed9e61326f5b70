package auth

import (
	"sync/atomic"

	"auditlog/auth/refused"
)

// counts are of events since the start.
type counts struct {
	unauthenticated, limited atomic.Int64
}

// Stats are numbers for monitoring, counted since the start but Tokens.
type Stats struct {
	// Tokens counts the tokens that count.
	Tokens int
	// Unauthenticated counts calls without a valid token, Limited those among
	// them that were told to wait.
	Unauthenticated, Limited int64
	refused.Counts
}

// Stats returns the numbers of now.
func (k *Keeper) Stats() Stats {
	s := Stats{
		Unauthenticated: k.counts.unauthenticated.Load(),
		Limited:         k.counts.limited.Load(),
		Counts:          k.refused.Counts(),
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
