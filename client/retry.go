package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

const (
	defaultTries = 8
	defaultPause = 100 * time.Millisecond
	maxPause     = 30 * time.Second
	// maxRetryAfter bounds how long the log can make a caller wait.
	maxRetryAfter = 2 * time.Minute
)

// once is the number of tries of what must not be done twice.
const once = 1

// tries returns how often to try what may be done again.
func (c *Client) tries() int {
	if c.Tries > 0 {
		return c.Tries
	}
	return defaultTries
}

// retry calls try until it succeeds, fails for good, has been called tries
// times, or ctx ends, and returns the last error.
func (c *Client) retry(ctx context.Context, tries int, try func() error) error {
	for n := 1; ; n++ {
		err := try()
		if err == nil {
			return nil
		}
		var f *failure
		if !errors.As(err, &f) {
			return err
		}
		if ended := ctx.Err(); ended != nil && !errors.Is(f.err, ended) {
			return fmt.Errorf("%w: %w", f.err, ended)
		} else if ended != nil {
			return f.err
		}
		if !f.passing || n >= tries {
			return f.err
		}
		if err := sleep(ctx, c.pause(n, f.after)); err != nil {
			return fmt.Errorf("%w: %w", f.err, err)
		}
	}
}

// pause returns how long to wait after the nth try: a random part of a span that
// doubles with every try, and at least what the log asked for. Half of the span
// is certain, so that a log that comes up again is not run down at once.
func (c *Client) pause(n int, after time.Duration) time.Duration {
	span := c.Pause
	if span <= 0 {
		span = defaultPause
	}
	for ; n > 1 && span < maxPause; n-- {
		span *= 2
	}
	span = min(span, maxPause)
	return after + span/2 + rand.N(span/2+1)
}

// sleep waits for d, or fails at once when ctx would end before.
func sleep(ctx context.Context, d time.Duration) error {
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

// retryAfter reads a Retry-After header: seconds, or a date.
func retryAfter(header string, now time.Time) time.Duration {
	var after time.Duration
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		after = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		after = at.Sub(now)
	}
	return min(max(after, 0), maxRetryAfter)
}
