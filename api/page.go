package api

import (
	"encoding/json"
	"mime"
	"net/http"
	"strings"

	"auditlog/api/wire"
	"auditlog/audit"
	"auditlog/rpc"
)

// sendPage answers with a page of entries.
func (c *call) sendPage(page audit.Page) error {
	var gaps []byte
	if len(page.Gaps) > 0 {
		var err error
		if gaps, err = json.Marshal(page.Gaps); err != nil {
			return err
		}
		gaps = append([]byte(`,"gaps":`), gaps...)
		if acceptsLines(c.r) {
			c.w.Header().Set(rpc.HeaderGaps, rpc.TellGaps(page.Gaps))
		}
	}
	return c.sendItems(itemsOf(page.Entries, page.JSON), page.Next, func(b []byte) []byte {
		if page.Next != "" {
			// base64url: nothing in it needs an escape.
			b = append(append(append(b, `,"nextCursor":"`...), page.Next...), '"')
		}
		return append(b, gaps...)
	})
}

// items are the entries of an answer: how many, and what appends the JSON of one. Each is asked for
// once, and let go with that.
type items struct {
	n      int
	append func(b []byte, i int) []byte
}

// itemsOf returns the items of a page: entries and, where these are nil, their JSON.
func itemsOf(entries []*audit.Entry, lines [][]byte) items {
	return items{len(entries), func(b []byte, i int) []byte {
		e := entries[i]
		if e == nil {
			b = append(b, lines[i]...)
			lines[i] = nil
			return b
		}
		entries[i] = nil
		return e.AppendJSON(b)
	}}
}

// sendItems answers with entries, which the cursor next leads on from, as JSON with what rest
// appends behind them or, where that is asked for, as NDJSON, an entry a line and nothing else.
func (c *call) sendItems(of items, next string, rest func([]byte) []byte) error {
	lines := acceptsLines(c.r)
	if h := c.w.Header(); next != "" {
		if lines {
			h.Set(rpc.HeaderNextCursor, next)
		}
		if c.r.Method == http.MethodGet {
			h.Set("Link", c.linkTo(next))
		}
	}
	if lines {
		nothing := func(b []byte) []byte { return b }
		return c.w.SendList(of.n, of.append, &wire.List{ContentType: rpc.TypeNDJSON, After: "\n", End: nothing})
	}
	end := func(b []byte) []byte { return append(rest(append(b, ']')), "}}\n"...) }
	return c.w.SendList(of.n, of.append, &wire.List{Begin: `{"ok":true,"result":{"items":[`, Between: ",", End: end})
}

// linkTo returns the Link header of the page at a cursor. It is relative, so that it holds
// wherever a proxy has put the log.
func (c *call) linkTo(cursor string) string {
	params := c.r.URL.Query()
	params.Set("cursor", cursor)
	return "<?" + params.Encode() + `>; rel="next"`
}

// acceptsLines reports whether a client wants NDJSON, and takes no JSON.
func acceptsLines(r *http.Request) bool {
	lines := false
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		mediaType, params, err := mime.ParseMediaType(part)
		switch {
		case err != nil || params["q"] == "0":
		case rpc.IsNDJSON(mediaType):
			lines = true
		case mediaType == rpc.TypeJSON:
			return false
		}
	}
	return lines
}
