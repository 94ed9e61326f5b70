package console

import (
	"context"
	"net/http"
	"strings"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/console/draw"
	"auditlog/console/filter"
	"auditlog/console/stream"
	"auditlog/export"
	"auditlog/format"
	"auditlog/reading"
)

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
	f, err := filter.Parse(params, v.Zone)
	if err != nil {
		return err
	}
	if f.Within, err = c.mayRead(v, rights.AuditLogExport, f.Project); err != nil {
		return err
	}
	as, err := export.ParseFormat(params.Get(keyFormat))
	if err != nil {
		return err
	}
	sel, err := c.opts.Store.Prepare(f.Query(v.Now, v.Zone))
	if err != nil {
		return err
	}
	ctx, cancel := c.liveContext(v)
	defer cancel()
	read := c.opts.Reading.Reading(c.call(v), reading.Read{
		Action: rights.AuditLogExport, Query: sel.Query(), What: "an export as " + string(as),
	})
	name := strings.TrimPrefix(f.Project+"-", "-") + "audit-log-" + v.Now.Format("2006-01-02-1504") + "." + as.Extension()
	d := stream.NewDownload(v.w, draw.AcceptsGzip(v.r), name, as.ContentType(), func() error { return read.Begin(ctx) })
	err = read.Run(func() error {
		w, err := export.NewWriter(d, as, &format.Origin{Log: c.opts.Store.Lineage(), Version: c.opts.Version})
		if err != nil {
			return err
		}
		err = sel.Export(ctx, func(e *audit.Entry) error {
			read.Entries++
			return w.Write(e)
		})
		if _, err = w.Rest(err); err == nil {
			err = d.Close()
		}
		if ended := context.Cause(ctx); err != nil && audit.KindOf(ended) == audit.Unauthenticated {
			return ended // the session ended, not the visitor
		}
		return err
	})
	if err != nil && d.Begun() {
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
