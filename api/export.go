package api

import (
	"context"
	"net/http"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/export"
	"auditlog/format"
	"auditlog/reading"
	"auditlog/rpc"
)

// export is auditLog.export. What goes wrong before the first byte is an error
// like any other; after it, the connection is cut, for a file that ends early
// must not look like a whole one.
func (s *Server) export(c *call) error {
	var req exportRequest
	if err := c.decode(&req); err != nil {
		return err
	}
	sel, err := c.prepare(&req.Query, &req.Filters)
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
	d := c.w.Download(fileName(req.Project, "audit-log."+as.Extension()), as.ContentType(), func() error { return read.Begin(ctx) })
	return read.Run(func() error {
		w, err := export.NewWriter(d, as, &format.Origin{Log: s.opts.Store.Lineage(), Version: s.opts.Version})
		if err != nil {
			return err
		}
		err = sel.Export(ctx, func(e *audit.Entry) error {
			read.Entries++
			if err := w.Write(e); err != nil {
				return err
			}
			return d.Tick()
		})
		gaps, err := w.Rest(err)
		if err == nil {
			err = d.Close()
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

// fileName returns the name of a file about a project, or about several if that is "".
func fileName(project, name string) string {
	if project == "" {
		return name
	}
	return project + "-" + name
}
