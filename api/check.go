package api

import (
	"auditlog/audit"
	"auditlog/rpc"
	"auditlog/scrub"
	"auditlog/status"
)

// Checks is what reads the whole log; *scrub.Worker is one.
type Checks interface {
	// Start begins a check at once unless one is under way.
	Start() (started bool)
	// Stop ends the check that is under way, if there is one.
	Stop() (stopped bool)
	Status() scrub.Status
}

// logCheck is log.check.
func (s *Server) logCheck(c *call, req *rpc.CheckRequest) (*rpc.CheckResult, error) {
	if err := c.authorize(""); err != nil {
		return nil, err
	}
	if s.opts.Checks == nil {
		return nil, audit.Errorf(audit.Unavailable, "nothing reads this log")
	}
	if req.Start && req.Stop {
		return nil, audit.FieldErrorf("stop", "contradicts start")
	}
	if req.Stop {
		s.opts.Checks.Stop()
	}
	if req.Start {
		s.opts.Checks.Start()
	}
	return status.Check(s.opts.Checks.Status(), s.opts.Store), nil
}
