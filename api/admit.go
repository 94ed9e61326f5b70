package api

import (
	"context"

	"auditlog/admit"
	"auditlog/auth"
)

// classOf says what a call of a permission is for, which decides who is refused first when
// there is much to do.
func classOf(p auth.Permission) admit.Class {
	switch p {
	case auth.AuditLogRecord:
		return admit.Record
	case auth.AuditLogList, auth.AuditLogGet, auth.AuditLogStats, auth.AuditLogExport, auth.ProjectList, auth.ProjectGet:
		return admit.Read
	}
	return admit.Administration
}

// enter has the call let in, or returns an Unavailable Fault.
func (c *call) enter() (err error) {
	c.admitted, err = c.opts.Door.Enter(c.r.Context(), classOf(c.route.permission), c.principal.RecordedBy())
	return err
}

// take has the call hold n bytes more, or returns an Unavailable Fault.
func (c *call) take(n int) error { return c.admitted.Take(c.r.Context(), n) }

// reading returns the context of what reads for this call: it ends when the client hangs up
// or the time of a read is over.
func (c *call) reading() (context.Context, context.CancelFunc) {
	return c.admitted.Until(admit.In(c.r.Context(), c.admitted))
}
