package api

import (
	"context"

	"auditlog/admit"
	"auditlog/auth/rights"
)

// class says what the call is for, which decides who is refused first when there is much to
// do. What administers is so only for those who may: the others are refused anyway.
func (c *call) class() admit.Class {
	switch p := c.route.permission; p {
	case rights.AuditLogRecord:
		return admit.Record
	case "", rights.AuditLogList, rights.AuditLogGet, rights.AuditLogStats, rights.AuditLogExport, rights.AuditLogProve, rights.AuditLogPull,
		rights.AuditLogFollow, rights.ProjectList, rights.ProjectGet, rights.ProjectCertificate, rights.LogCheckpoint:
		return admit.Read
	default:
		if c.principal.Check(p, "") == nil {
			return admit.Administration
		}
		return admit.Read
	}
}

// enter has the call let in, or returns an Unavailable Fault.
func (c *call) enter() (err error) {
	c.admitted, err = c.opts.Door.Enter(c.r.Context(), c.class(), c.principal.RecordedBy())
	return err
}

// reading returns the context of what reads for this call: it ends when the client hangs up
// or the time of a read is over.
func (c *call) reading() (context.Context, context.CancelFunc) {
	return c.admitted.Until(admit.In(c.r.Context(), c.admitted))
}
