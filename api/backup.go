package api

import (
	"context"
	"io"
	"net/http"

	"auditlog/api/wire"
	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/backup/duty"
	"auditlog/rpc"
)

// Backups takes backups of the log; *duty.Duty does.
type Backups interface {
	// Send writes a backup to w. Before the first byte, it returns Faults of a request
	// that is wrong.
	Send(ctx context.Context, call *rights.Call, req duty.Request, w io.Writer, flush func() error) error
	Status() duty.Status
}

// maxBackupRequest bounds the body of log.backup, which names parts.
const maxBackupRequest = 2 << 20

// backup is log.backup. As with an export, what goes wrong after the first byte cuts the
// connection: an archive without its end is no backup.
func (s *Server) backup(c *call) error {
	var req rpc.BackupRequest
	if err := c.decodeUpTo(&req, maxBackupRequest); err != nil {
		return err
	}
	if err := c.authorize(""); err != nil {
		return err
	}
	if s.opts.Backups == nil {
		return audit.Errorf(audit.NotFound, "this log cannot be backed up while it runs")
	}
	has, err := req.Has()
	if err != nil {
		return err
	}
	ctx, cancel := s.opts.Auth.Live(c.r.Context(), &c.principal)
	defer cancel()
	send := wire.WriterFunc(func(b []byte) (int, error) {
		if !c.w.Begun() {
			h := c.w.Header()
			h.Set("Content-Type", rpc.TypeBackup)
			h.Set("Content-Disposition", `attachment; filename="audit-log.tar"`)
		}
		return c.w.Write(b)
	})
	err = s.opts.Backups.Send(ctx, c.auth(), duty.Request{Recipients: req.Recipients, Has: has, Number: req.Number, To: req.To}, send, func() error {
		return http.NewResponseController(c.w).Flush()
	})
	if ended := context.Cause(ctx); err != nil && audit.KindOf(ended) == audit.Unauthenticated {
		return ended // the token ended, not the client
	}
	return err
}
