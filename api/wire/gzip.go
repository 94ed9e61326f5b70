package wire

import (
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"

	"auditlog/auth/address"
)

// gzipPool keeps compressors between answers. Its zero value is ready.
type gzipPool struct{ pool sync.Pool }

func (p *gzipPool) get(w io.Writer) *gzip.Writer {
	if z, ok := p.pool.Get().(*gzip.Writer); ok {
		z.Reset(w)
		return z
	}
	z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant
	}
	return z
}

// put takes a compressor back, and lets go of what it wrote to.
func (p *gzipPool) put(z *gzip.Writer) {
	z.Reset(io.Discard)
	p.pool.Put(z)
}

// acceptsGzip reports whether the client asks for gzip.
func acceptsGzip(r *http.Request) bool {
	for _, header := range r.Header["Accept-Encoding"] {
		for part := range strings.SplitSeq(header, ",") {
			name, q, _ := strings.Cut(part, ";")
			if strings.EqualFold(strings.TrimSpace(name), "gzip") {
				q = strings.ReplaceAll(q, " ", "")
				return q != "q=0" && !strings.HasPrefix(q, "q=0.000")
			}
		}
	}
	return false
}

// gzipFrom is the size from which on an answer is worth compressing.
const gzipFrom = 1 << 10

// wantsGzip reports whether an answer of some size goes out compressed. It takes
// as long as the whole rest of a listing, and buys bandwidth: there is none to buy
// from this machine to itself, unless through a proxy.
func (x *Exchange) wantsGzip(size int) bool {
	r := x.Request
	return size >= gzipFrom && acceptsGzip(r) && (proxied(r) || !address.Local(r.RemoteAddr))
}

// proxied reports whether a request came through a proxy that says so.
func proxied(r *http.Request) bool {
	return r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "" || r.Header.Get("Via") != ""
}

// compress returns body compressed, in buf.
func (w *Wire) compress(buf *Buffer, body []byte) []byte {
	z := w.gzips.get(WriterFunc(func(b []byte) (int, error) {
		buf.B = append(buf.B, b...)
		return len(b), nil
	}))
	defer w.gzips.put(z)
	// Memory does not fail.
	_, _ = z.Write(body)
	_ = z.Close()
	return buf.B
}

// WriterFunc is a function as an io.Writer.
type WriterFunc func([]byte) (int, error)

func (f WriterFunc) Write(b []byte) (int, error) { return f(b) }
