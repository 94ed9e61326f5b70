package console

import (
	"bufio"
	"compress/gzip"
	"context"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/export"
	"auditlog/format"
	"auditlog/reading"
)

// patience is how long a client may take to accept a part of a long answer.
const patience = 30 * time.Second

// patientWriter writes to a client that may be slow but must not stand still.
type patientWriter struct{ w http.ResponseWriter }

func (p patientWriter) Write(b []byte) (int, error) {
	// Where deadlines are not supported there is none.
	_ = http.NewResponseController(p.w).SetWriteDeadline(time.Now().Add(patience))
	return p.w.Write(b)
}

// flush sends what is written now.
func (p patientWriter) flush() error { return http.NewResponseController(p.w).Flush() }

// liveContext returns a context that ends with the visit, the session or its token, or
// when the server stops.
func (c *console) liveContext(v *visit) (context.Context, context.CancelFunc) {
	ctx, cancel := c.opts.Auth.Live(v.r.Context(), &v.who)
	if c.opts.Stopping != nil {
		go func() {
			select {
			case <-c.opts.Stopping:
				cancel()
			case <-ctx.Done():
			}
		}()
	}
	return ctx, cancel
}

// keyFormat is the parameter of an export beside its filter.
const keyFormat = "format"

// export answers with the entries of a view as a file. What goes wrong after the
// first byte cuts the connection: a file that ends early must not look whole.
func (c *console) export(v *visit) error {
	params := v.r.URL.Query()
	f, err := parseFilter(params, v.zone)
	if err != nil {
		return err
	}
	if f.within, err = c.mayRead(v, rights.AuditLogExport, f.Project); err != nil {
		return err
	}
	as, err := export.ParseFormat(params.Get(keyFormat))
	if err != nil {
		return err
	}
	sel, err := c.opts.Store.Prepare(f.query(v.now, v.zone))
	if err != nil {
		return err
	}
	ctx, cancel := c.liveContext(v)
	defer cancel()
	read := c.opts.Reading.Reading(c.call(v), reading.Read{
		Action: rights.AuditLogExport, Query: sel.Query(), What: "an export as " + string(as),
	})
	d := newDownload(v, f.Project, as)
	d.begin = func() error { return read.Begin(ctx) }
	err = read.Run(func() error {
		w, err := export.NewWriter(d.buf, as, &format.Origin{Log: c.opts.Store.Lineage(), Version: c.opts.Version})
		if err != nil {
			return err
		}
		err = sel.Export(ctx, func(e *audit.Entry) error {
			read.Entries++
			return w.Write(e)
		})
		if _, err = w.Rest(err); err == nil {
			err = d.close()
		}
		if ended := context.Cause(ctx); err != nil && audit.KindOf(ended) == audit.Unauthenticated {
			return ended // the session ended, not the visitor
		}
		return err
	})
	if err != nil && d.begun {
		panic(http.ErrAbortHandler)
	}
	return err
}

// note has it recorded that the visitor read what a query selects, if such reads are.
func (c *console) note(v *visit, action rights.Permission, q audit.Query, what string) {
	if read := (reading.Read{Action: action, Query: q, What: what}); c.opts.Reading.Wants(&read) {
		c.opts.Reading.Note(c.call(v), read)
	}
}

// download is an answer that is a file of any length. Nothing of it is sent
// before the first buffer is full, so that an error can still have a page.
type download struct {
	w     patientWriter
	begin func() error // before anything is sent
	head  func(http.Header)
	begun bool
	zip   *gzip.Writer // nil when not compressed
	buf   *bufio.Writer
}

func newDownload(v *visit, project string, f export.Format) *download {
	d := &download{w: patientWriter{v.w}}
	name := strings.TrimPrefix(project+"-", "-") + "audit-log-" + v.now.Format("2006-01-02-1504") + "." + f.Extension()
	d.head = func(h http.Header) {
		h.Set("Content-Type", f.ContentType())
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
		if d.zip != nil {
			h.Set("Content-Encoding", "gzip")
		}
	}
	var out io.Writer = d
	if acceptsGzip(v.r) {
		d.zip = gzip.NewWriter(d)
		out = d.zip
	}
	d.buf = bufio.NewWriterSize(out, 64<<10)
	return d
}

// Write sends a part of the file as it goes over the wire.
func (d *download) Write(b []byte) (int, error) {
	if !d.begun {
		if err := d.begin(); err != nil {
			return 0, err
		}
		d.begun = true
		d.head(d.w.w.Header())
	}
	return d.w.Write(b)
}

// close sends the rest. A file of nothing has its header even so.
func (d *download) close() error {
	if err := d.buf.Flush(); err != nil {
		return err
	}
	if d.zip != nil {
		return d.zip.Close()
	}
	_, err := d.Write(nil)
	return err
}
