package stream

import (
	"bufio"
	"compress/gzip"
	"io"
	"mime"
	"net/http"
	"time"
)

// patience is how long a client may take to accept a part of a long answer.
const patience = 30 * time.Second

// Patient writes to a client that may be slow but must not stand still.
type Patient struct{ To http.ResponseWriter }

func (p Patient) Write(b []byte) (int, error) {
	// Where deadlines are not supported there is none.
	_ = http.NewResponseController(p.To).SetWriteDeadline(time.Now().Add(patience))
	return p.To.Write(b)
}

// flush sends what is written now.
func (p Patient) flush() error { return http.NewResponseController(p.To).Flush() }

// Download is an answer that is a file of any length. Nothing of it is sent
// before the first buffer is full, so that an error can still have a page.
type Download struct {
	w     Patient
	begin func() error // before anything is sent
	head  func(http.Header)
	begun bool
	zip   *gzip.Writer // nil when not compressed
	buf   *bufio.Writer
}

// NewDownload returns a file of a name and a type that is not begun. Before anything of it is
// sent, begin is called, whose error is that of the write.
func NewDownload(w http.ResponseWriter, zipped bool, name, contentType string, begin func() error) *Download {
	d := &Download{w: Patient{w}, begin: begin}
	d.head = func(h http.Header) {
		h.Set("Content-Type", contentType)
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
		if d.zip != nil {
			h.Set("Content-Encoding", "gzip")
		}
	}
	var out io.Writer = sender{d}
	if zipped {
		d.zip = gzip.NewWriter(out)
		out = d.zip
	}
	d.buf = bufio.NewWriterSize(out, 64<<10)
	return d
}

// Write writes some of the file.
func (d *Download) Write(b []byte) (int, error) { return d.buf.Write(b) }

// Begun reports whether some of it was sent.
func (d *Download) Begun() bool { return d.begun }

// sender sends a part of a file as it goes over the wire.
type sender struct{ d *Download }

func (s sender) Write(b []byte) (int, error) { return s.d.send(b) }

func (d *Download) send(b []byte) (int, error) {
	if !d.begun {
		if err := d.begin(); err != nil {
			return 0, err
		}
		d.begun = true
		d.head(d.w.To.Header())
	}
	return d.w.Write(b)
}

// Close sends the rest. A file of nothing has its header even so.
func (d *Download) Close() error {
	if err := d.buf.Flush(); err != nil {
		return err
	}
	if d.zip != nil {
		return d.zip.Close()
	}
	_, err := d.send(nil)
	return err
}
