package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"auditlog/backoff"
)

const (
	defaultTries = 8
	maxPause     = 30 * time.Second
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
		if err := backoff.Sleep(ctx, c.pause(n, f.after)); err != nil {
			return fmt.Errorf("%w: %w", f.err, err)
		}
	}
}

// pause returns how long to wait after the nth try: more than the log asked for, so
// that those who were asked to wait together do not come back together.
func (c *Client) pause(n int, after time.Duration) time.Duration {
	return after + backoff.Policy{First: c.Pause, Most: maxPause}.Pause(n)
}
