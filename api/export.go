package api

import (
	"bufio"
	"context"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/klauspost/compress/gzip"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/export"
	"auditlog/format"
	"auditlog/reading"
	"auditlog/rpc"
)

const (
	exportBuffer = 32 << 10
	// exportFlush is how long what is written already waits for more.
	exportFlush = time.Second
)

// export is auditLog.export. What goes wrong before the first byte is an error
// like any other; after it, the connection is cut, for a file that ends early
// must not look like a whole one.
func (s *Server) export(c *call) error {
	var req exportRequest
	if err := c.decode(&req); err != nil {
		return err
	}
	sel, err := c.prepare(&req.Query, &req.deploysFilters)
	if err != nil {
		return err
	}
	as, err := export.ParseFormat(req.Format)
	if err != nil {
		return err
	}
	ctx, cancel := s.opts.Auth.Live(admit.In(c.r.Context(), c.admitted), &c.principal)
	defer cancel()
	read := s.opts.Reading.Reading(c.auth(), reading.Read{
		Action: rights.AuditLogExport, Query: sel.Query(), What: "an export as " + string(as),
	})
	d := c.download(fileName(req.Project, "audit-log."+as.Extension()), as.ContentType())
	d.begin = func() error { return read.Begin(ctx) }
	return read.Run(func() error {
		w, err := export.NewWriter(d.buf, as, &format.Origin{Log: s.opts.Store.Lineage(), Version: s.opts.Version})
		if err != nil {
			return err
		}
		err = sel.Export(ctx, func(e *audit.Entry) error {
			read.Entries++
			if err := w.Write(e); err != nil {
				return err
			}
			return d.tick()
		})
		gaps, err := w.Rest(err)
		if err == nil {
			err = d.close()
		}
		if err == nil && len(gaps) > 0 {
			c.w.Header().Set(http.TrailerPrefix+rpc.HeaderGaps, rpc.TellGaps(gaps))
		}
		if ended := context.Cause(ctx); err != nil && audit.KindOf(ended) == audit.Unauthenticated {
			return ended // the token ended, not the client
		}
		return err
	})
}

// download is an answer that is a file of any length. Nothing of it is sent, not
// even its header, before the first buffer is full.
type download struct {
	x      *exchange
	begin  func() error // before anything is sent
	header func(http.Header)

	buf     *bufio.Writer // onto zip, or the download itself
	zip     *gzip.Writer  // nil when not compressed
	gzips   *gzipPool
	flushed time.Time
}

// fileName returns the name of a file about a project, or about several if that is "".
func fileName(project, name string) string {
	if project == "" {
		return name
	}
	return project + "-" + name
}

func (c *call) download(name, contentType string) *download {
	d := &download{x: c.w, gzips: &c.gzips, flushed: time.Now()}
	var out io.Writer = writerFunc(d.send)
	if wantsGzip(c.r, exportBuffer) {
		d.zip = c.gzips.get(out)
		out = d.zip
	}
	d.buf = bufio.NewWriterSize(out, exportBuffer)
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

// send writes to the client.
func (d *download) send(b []byte) (int, error) {
	if d.x.status == 0 {
		if err := d.begin(); err != nil {
			return 0, err
		}
		d.header(d.x.Header())
	}
	n, err := d.x.Write(b)
	return n, notTaken(err)
}

// tick sends what has waited long enough, so that who watches sees it come.
func (d *download) tick() error {
	if time.Since(d.flushed) < exportFlush {
		return nil
	}
	d.flushed = time.Now()
	if err := d.flush(); err != nil {
		return err
	}
	d.x.Flush()
	return nil
}

func (d *download) flush() error {
	if err := d.buf.Flush(); err != nil || d.zip == nil {
		return err
	}
	return d.zip.Flush()
}

// close sends the rest. A download of nothing has its header even so.
func (d *download) close() error {
	if err := d.buf.Flush(); err != nil {
		return err
	}
	if d.zip == nil {
		_, err := d.send(nil)
		return err
	}
	defer d.gzips.put(d.zip)
	return d.zip.Close()
}

// writerFunc is a function as an io.Writer.
type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
