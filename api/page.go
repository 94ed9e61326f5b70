package api

import (
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

// envelope is what stands around the entries of a page.
type envelope struct {
	contentType           []string
	begin, between, after string
	// end returns what stands behind the last one, of a page that a cursor leads on from.
	end func(b []byte, next string) []byte
}

// jsonEnvelope is that of other answers.
func jsonEnvelope() *envelope {
	return &envelope{headerValues.json[:], `{"ok":true,"result":{"items":[`, ",", "", func(b []byte, next string) []byte {
		b = append(b, ']')
		if next != "" {
			// base64url: nothing in it needs an escape.
			b = append(append(append(b, `,"nextCursor":"`...), next...), '"')
		}
		return append(b, "}}\n"...)
	}}
}

// lineEnvelope has an entry a line, and nothing else.
func lineEnvelope() *envelope {
	return &envelope{[]string{rpc.TypeNDJSON}, "", "", "\n", func(b []byte, _ string) []byte { return b }}
}

// sendPage answers with a page of entries, as JSON or, where that is asked for, NDJSON.
func (c *call) sendPage(page audit.Page) error {
	lines := acceptsLines(c.r)
	if h := c.w.Header(); page.Next != "" {
		if lines {
			h.Set(rpc.HeaderNextCursor, page.Next)
		}
		if c.r.Method == http.MethodGet {
			h.Set("Link", c.linkTo(page.Next))
		}
	}
	if lines {
		return c.sendEntries(page, lineEnvelope())
	}
	return c.sendEntries(page, jsonEnvelope())
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

// sendEntries sends the entries of a page. A long answer is made piece by piece, each when the
// client has taken the one before: what waits for a client that does not read is the entries
// alone, and they are let go as they are sent.
func (c *call) sendEntries(page audit.Page, env *envelope) error {
	buf := c.buffers.get()
	defer c.buffers.put(buf)
	var out *pieces
	buf.b = append(buf.b, env.begin...)
	for i, e := range page.Entries {
		if i > 0 {
			buf.b = append(buf.b, env.between...)
		}
		buf.b = append(e.AppendJSON(buf.b), env.after...)
		page.Entries[i] = nil
		if len(buf.b) < pieceBytes {
			continue
		}
		if out == nil {
			out = c.pieces(env.contentType)
		}
		if err := out.write(buf.b); err != nil {
			return err
		}
		buf.b = buf.b[:0]
	}
	buf.b = env.end(buf.b, page.Next)
	if out == nil {
		c.sendAs(env.contentType, c.w, c.r, http.StatusOK, buf.b)
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
