package api

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzip"

	"auditlog/audit"
	"auditlog/rpc"
)

// pieceBytes is how much of an answer is made before it is sent. What is no longer is sent
// whole, which is cheapest.
const pieceBytes = 64 << 10

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
		return c.sendList(of, &list{[]string{rpc.TypeNDJSON}, "", "", "\n", nothing})
	}
	end := func(b []byte) []byte { return append(rest(append(b, ']')), "}}\n"...) }
	return c.sendList(of, &list{headerValues.json[:], `{"ok":true,"result":{"items":[`, ",", "", end})
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

// list is how entries are written one behind the other.
type list struct {
	contentType           []string
	begin, between, after string
	end                   func([]byte) []byte // appends what stands behind the last one
}

// sendList sends entries. A long answer is made piece by piece, each when the client has taken
// the one before: what waits for a client that does not read is the entries alone, and they are
// let go as they are sent.
func (c *call) sendList(of items, as *list) error {
	buf := c.buffers.get()
	defer c.buffers.put(buf)
	var out *pieces
	buf.b = append(buf.b, as.begin...)
	for i := range of.n {
		if i > 0 {
			buf.b = append(buf.b, as.between...)
		}
		buf.b = append(of.append(buf.b, i), as.after...)
		if len(buf.b) < pieceBytes {
			continue
		}
		if out == nil {
			out = c.pieces(as.contentType)
		}
		if err := out.write(buf.b); err != nil {
			return err
		}
		buf.b = buf.b[:0]
	}
	buf.b = as.end(buf.b)
	if out == nil {
		c.sendAs(as.contentType, c.w, c.r, http.StatusOK, buf.b)
		return nil
	}
	if err := out.write(buf.b); err != nil {
		return err
	}
	return out.close()
}

// pieces is an answer that is sent as it is made. When it cannot be sent the
// connection is cut, so that it does not pass for whole.
type pieces struct {
	c   *call
	out io.Writer
	zip *gzip.Writer // nil when not compressed
}

// pieces begins an answer with its header.
func (c *call) pieces(contentType []string) *pieces {
	p := &pieces{c: c, out: c.w}
	h := c.w.Header()
	h["Content-Type"] = contentType
	h.Add("Vary", headerValues.vary[0])
	if wantsGzip(c.r, pieceBytes) {
		h.Set("Content-Encoding", "gzip")
		p.zip = c.gzips.get(c.w)
		p.out = p.zip
	}
	return p
}

func (p *pieces) write(b []byte) error {
	_, err := p.out.Write(b)
	return notTaken(err)
}

// close sends the rest.
func (p *pieces) close() error {
	if p.zip == nil {
		return nil
	}
	defer p.c.gzips.put(p.zip)
	return notTaken(p.zip.Close())
}

// notTaken says of an error of sending to a client that it is the client's, or its way's.
func notTaken(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", audit.Errorf(audit.Unavailable, "the client does not take the answer"), err)
}
