package client

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"auditlog/rpc"
)

// Pull returns the parts of the log that follow what req says, each with the cursor to go on
// behind it. Where req waits for entries it never ends by itself, else when nothing is new.
// It ends at the first error. Of parts without items some may be worth keeping the cursor of,
// and all are told of.
func (c *Client) Pull(ctx context.Context, req rpc.PullRequest) iter.Seq2[rpc.PullResult, error] {
	return func(yield func(rpc.PullResult, error) bool) {
		next := req
		for {
			part, err := c.PullPart(ctx, next)
			if !yield(part, err) || err != nil {
				return
			}
			if req.WaitSeconds == 0 && part.Covered.To >= part.Newest {
				return
			}
			next.Cursor = part.NextCursor
		}
	}
}

// PullPart returns one part.
func (c *Client) PullPart(ctx context.Context, req rpc.PullRequest) (rpc.PullResult, error) {
	body, err := json.Marshal(req)
	if err != nil {
		return rpc.PullResult{}, fmt.Errorf("encode %s: %w", rpc.Pull, err)
	}
	timeout := c.timeout() + time.Duration(req.WaitSeconds)*time.Second
	return post[rpc.PullResult](ctx, c, rpc.Pull, body, c.tries(), timeout)
}
