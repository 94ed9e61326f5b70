// Package backoff says how long to wait before what failed is tried again: pauses that
// double with each failure in a row, part of them random so that many who failed
// together do not come back together, and never shorter than the other side asked for.
//
// The client and the workers of the server share it. It stands on the standard library
// alone, keeps no state, and decides nothing about what is worth another try.
package backoff

import (
	"context"
	"math/rand/v2"
	"strconv"
	"time"
)

// Policy says how pauses grow. The zero Policy is usable.
type Policy struct {
	// First is the longest pause after the first failure. Default 100 ms.
	First time.Duration
	// Most is the longest pause after any failure. Default 30 s.
	Most time.Duration
}

// Pause returns how long to wait after the failure n in a row, counted from 1: a span
// that doubles with every failure, of which one half is certain and the other random.
// Without the certain half, what comes up again would be run down at once.
func (p Policy) Pause(n int) time.Duration {
	span, most := p.First, p.Most
	if span <= 0 {
		span = 100 * time.Millisecond
	}
	if most <= 0 {
		most = 30 * time.Second
	}
	for ; n > 1 && span < most; n-- {
		span *= 2
	}
	span = min(span, most)
	return span/2 + rand.N(span/2+1)
}

// MaxRetryAfter bounds how long another side can make one wait.
const MaxRetryAfter = 2 * time.Minute

// RetryAfter reads a Retry-After header, which holds seconds or a date, as what is left
// of the wait at now: 0 where it holds neither, and at most MaxRetryAfter.
func RetryAfter(header string, now time.Time) time.Duration {
	var after time.Duration
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		after = time.Duration(seconds) * time.Second
	} else if at, err := parseDate(header); err == nil {
		after = at.Sub(now)
	}
	return min(max(after, 0), MaxRetryAfter)
}

// parseDate reads a date of HTTP in the three forms that RFC 9110 section 5.6.7 has.
func parseDate(s string) (at time.Time, err error) {
	for _, layout := range []string{"Mon, 02 Jan 2006 15:04:05 GMT", time.RFC850, time.ANSIC} {
		if at, err = time.Parse(layout, s); err == nil {
			break
		}
	}
	return at, err
}

// Sleep waits for d and returns nil, or the context's error as soon as it ends. It
// returns context.DeadlineExceeded at once where ctx would end before d is over.
func Sleep(ctx context.Context, d time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < d {
		return context.DeadlineExceeded
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
