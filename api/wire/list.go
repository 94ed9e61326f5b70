package wire

import (
	"fmt"
	"io"
	"net/http"

	"github.com/klauspost/compress/gzip"

	"auditlog/audit"
)

// PieceBytes is how much of an answer is made before it is sent. What is no longer is sent
// whole, which is cheapest.
const PieceBytes = 64 << 10

// List is how items are written one behind the other.
type List struct {
	// ContentType is empty for JSON.
	ContentType           string
	Begin, Between, After string
	// End appends what stands behind the last one.
	End func([]byte) []byte
}

// SendList sends n items, each appended by item, which is called once for it. A long answer is
// made piece by piece, each when the client has taken the one before: what waits for a client
// that does not read is the items alone, and they may be let go as they are sent.
func (x *Exchange) SendList(n int, item func(b []byte, i int) []byte, as *List) error {
	contentType := headerValues.json[:]
	if as.ContentType != "" {
		contentType = []string{as.ContentType}
	}
	buf := x.Buffer()
	defer buf.Free()
	var out *pieces
	buf.B = append(buf.B, as.Begin...)
	for i := range n {
		if i > 0 {
			buf.B = append(buf.B, as.Between...)
		}
		buf.B = append(item(buf.B, i), as.After...)
		if len(buf.B) < PieceBytes {
			continue
		}
		if out == nil {
			out = x.pieces(contentType)
		}
		if err := out.write(buf.B); err != nil {
			return err
		}
		buf.B = buf.B[:0]
	}
	buf.B = as.End(buf.B)
	if out == nil {
		x.sendAs(contentType, http.StatusOK, buf.B)
		return nil
	}
	if err := out.write(buf.B); err != nil {
		return err
	}
	return out.close()
}

// pieces is an answer that is sent as it is made. When it cannot be sent the
// connection is cut, so that it does not pass for whole.
type pieces struct {
	x   *Exchange
	out io.Writer
	zip *gzip.Writer // nil when not compressed
}

// pieces begins an answer with its header.
func (x *Exchange) pieces(contentType []string) *pieces {
	p := &pieces{x: x, out: x}
	h := x.Header()
	h["Content-Type"] = contentType
	h.Add("Vary", headerValues.vary[0])
	if x.wantsGzip(PieceBytes) {
		h.Set("Content-Encoding", "gzip")
		p.zip = x.wire.gzips.get(x)
		p.out = p.zip
	}
	return p
}

func (p *pieces) write(b []byte) error {
	_, err := p.out.Write(b)
	return NotTaken(err)
}

// close sends the rest.
func (p *pieces) close() error {
	if p.zip == nil {
		return nil
	}
	defer p.x.wire.gzips.put(p.zip)
	return NotTaken(p.zip.Close())
}

// NotTaken says of an error of sending to a client that it is the client's, or its way's.
func NotTaken(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", audit.Errorf(audit.Unavailable, "the client does not take the answer"), err)
}
