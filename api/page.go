package api

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/klauspost/compress/gzip"

	"auditlog/audit"
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
	}
	return c.sendEntries(page.Entries, func(b []byte) []byte {
		if page.Next != "" {
			// base64url: nothing in it needs an escape.
			b = append(append(append(b, `,"nextCursor":"`...), page.Next...), '"')
		}
		return append(b, gaps...)
	})
}

// sendEntries answers with entries, and with what rest appends behind them. A long answer is
// made piece by piece, each when the client has taken the one before: what waits for a client
// that does not read is the entries alone, and they are let go as they are sent.
func (c *call) sendEntries(entries []*audit.Entry, rest func([]byte) []byte) error {
	buf := c.buffers.get()
	defer c.buffers.put(buf)
	var out *pieces
	buf.b = append(buf.b, `{"ok":true,"result":{"items":[`...)
	for i, e := range entries {
		if i > 0 {
			buf.b = append(buf.b, ',')
		}
		buf.b = e.AppendJSON(buf.b)
		entries[i] = nil
		if len(buf.b) < pieceBytes {
			continue
		}
		if out == nil {
			out = c.pieces()
		}
		if err := out.write(buf.b); err != nil {
			return err
		}
		buf.b = buf.b[:0]
	}
	buf.b = append(rest(append(buf.b, ']')), "}}\n"...)
	if out == nil {
		c.send(c.w, c.r, http.StatusOK, buf.b)
		return nil
	}
	if err := out.write(buf.b); err != nil {
		return err
	}
	return out.close()
}

// pieces is an answer of JSON that is sent as it is made. When it cannot be sent the
// connection is cut, so that it does not pass for whole.
type pieces struct {
	c   *call
	out io.Writer
	zip *gzip.Writer // nil when not compressed
}

// pieces begins an answer with its header.
func (c *call) pieces() *pieces {
	p := &pieces{c: c, out: c.w}
	h := c.w.Header()
	h["Content-Type"] = headerValues.json[:]
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
