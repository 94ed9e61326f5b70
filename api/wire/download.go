package wire

import (
	"bufio"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/klauspost/compress/gzip"
)

const (
	downloadBuffer = 32 << 10
	// downloadFlush is how long what is written already waits for more.
	downloadFlush = time.Second
)

// Download is an answer that is a file of any length. Nothing of it is sent, not
// even its header, before the first buffer is full.
type Download struct {
	x      *Exchange
	begin  func() error // before anything is sent
	header func(http.Header)

	buf     *bufio.Writer // onto zip, or the download itself
	zip     *gzip.Writer  // nil when not compressed
	flushed time.Time
}

// Download returns a file of a name and a type that is not begun. Before anything of it is sent,
// begin is called, whose error is that of the write.
func (x *Exchange) Download(name, contentType string, begin func() error) *Download {
	d := &Download{x: x, begin: begin, flushed: time.Now()}
	var out io.Writer = WriterFunc(d.send)
	if x.wantsGzip(downloadBuffer) {
		d.zip = x.wire.gzips.get(out)
		out = d.zip
	}
	d.buf = bufio.NewWriterSize(out, downloadBuffer)
	d.header = func(h http.Header) {
		h.Set("Content-Type", contentType)
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
		h.Add("Vary", "Accept-Encoding")
		if d.zip != nil {
			h.Set("Content-Encoding", "gzip")
		}
	}
	return d
}

// Write writes some of the file.
func (d *Download) Write(b []byte) (int, error) { return d.buf.Write(b) }

// send writes to the client.
func (d *Download) send(b []byte) (int, error) {
	if !d.x.Begun() {
		if err := d.begin(); err != nil {
			return 0, err
		}
		d.header(d.x.Header())
	}
	n, err := d.x.Write(b)
	return n, NotTaken(err)
}

// Tick sends what has waited long enough, so that who watches sees it come.
func (d *Download) Tick() error {
	if time.Since(d.flushed) < downloadFlush {
		return nil
	}
	d.flushed = time.Now()
	if err := d.flush(); err != nil {
		return err
	}
	d.x.Flush()
	return nil
}

func (d *Download) flush() error {
	if err := d.buf.Flush(); err != nil || d.zip == nil {
		return err
	}
	return d.zip.Flush()
}

// Close sends the rest. A download of nothing has its header even so.
func (d *Download) Close() error {
	if err := d.buf.Flush(); err != nil {
		return err
	}
	if d.zip == nil {
		_, err := d.send(nil)
		return err
	}
	defer d.x.wire.gzips.put(d.zip)
	return d.zip.Close()
}
