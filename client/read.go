package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"

	"auditlog/audit"
	"auditlog/rpc"
)

// List returns the entries that req selects, newest first, and asks for the next
// page of req.Limit entries when the one before is used up. It ends at the first
// error, or with an *audit.Incomplete where entries are missing, because they are damaged or
// lost in the log. The strings of a page's entries are parts of one: who keeps a few of them for
// long does well to keep copies, with strings.Clone.
func (c *Client) List(ctx context.Context, req rpc.ListRequest) iter.Seq2[*audit.Entry, error] {
	return func(yield func(*audit.Entry, error) bool) {
		next := req
		var gaps []audit.Gap
		for {
			page, err := c.ListPage(ctx, next)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, e := range page.Items {
				if !yield(e, nil) {
					return
				}
			}
			gaps = append(gaps, page.Gaps...)
			if page.NextCursor == "" {
				if len(gaps) > 0 {
					yield(nil, &audit.Incomplete{Gaps: gaps})
				}
				return
			}
			next.Cursor = page.NextCursor
		}
	}
}

// ListPage returns one page.
func (c *Client) ListPage(ctx context.Context, req rpc.ListRequest) (rpc.ListResult, error) {
	return call[rpc.ListResult](ctx, c, rpc.List, req, c.tries())
}

// Get returns one entry.
func (c *Client) Get(ctx context.Context, project string, id int64) (*audit.Entry, error) {
	e, err := call[*audit.Entry](ctx, c, rpc.Get, rpc.GetRequest{Project: project, ID: id}, c.tries())
	if err != nil {
		return nil, err
	}
	return e, nil
}

// Stats counts what req selects.
func (c *Client) Stats(ctx context.Context, req rpc.StatsRequest) (rpc.StatsResult, error) {
	return call[rpc.StatsResult](ctx, c, rpc.Stats, req, c.tries())
}

// Export writes everything that req selects to w as it arrives, in constant
// memory. It is tried again only until the first byte is there; after an error w
// may hold a part. It returns an *audit.Incomplete where entries are missing, because they are
// damaged or lost in the log: all others are written.
func (c *Client) Export(ctx context.Context, req rpc.ExportRequest, w io.Writer) error {
	body, err := json.Marshal(req)
	if err != nil {
		return fmt.Errorf("encode %s: %w", rpc.Export, err)
	}
	res, err := c.download(ctx, rpc.Export, body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(w, res.Body); err != nil {
		return fmt.Errorf("copy the export: %w", err)
	}
	return rpc.ToldGaps(res.Trailer.Get(rpc.HeaderGaps))
}
