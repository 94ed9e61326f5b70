package api

import (
	"auditlog/audit"
	"auditlog/rpc"
	"auditlog/scrub"
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
	st := s.opts.Checks.Status()
	res := &rpc.CheckResult{Check: readingOf(st.Check), Slow: readingOf(st.Slow), Last: readingOf(st.Last), Damaged: s.opts.Store.Damaged()}
	if res.Slow != nil {
		res.Slow.Progress = st.Progress
	}
	if res.Check != nil {
		res.Check.Progress = st.Checked
	}
	if err := s.opts.Store.Paused(); err != nil {
		res.Paused = err.Error()
	}
	return res, nil
}

// readingOf returns what the API tells of a round.
func readingOf(r *scrub.Round) *rpc.Reading {
	if r == nil {
		return nil
	}
	return &rpc.Reading{
		Whole: r.Whole, BeganAt: r.BeganAt, EndedAt: r.EndedAt, Entries: r.Entries,
		Problems: r.Problems, Faults: r.Faults, Error: r.Err,
	}
}
