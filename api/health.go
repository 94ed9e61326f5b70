package api

import (
	"fmt"
	"net/http"
	"time"

	"auditlog/api/wire"
	"auditlog/audit"
)

// healthz answers that the process lives.
func (s *Server) healthz(w http.ResponseWriter, r *http.Request) {
	w.(*wire.Exchange).Send(http.StatusOK, []byte(`{"ok":true}`+"\n"))
}

// readiness is the result of /readyz.
type readiness struct {
	Version string          `json:"version"`
	Index   *indexReadiness `json:"index,omitempty"`
	// Check tells how the last reading of the whole log ended. Damage is no reason to send
	// requests elsewhere either: what is damaged is refused, and the rest answered.
	Check *checkReadiness `json:"check,omitempty"`
	// Damages counts what is known to be damaged or lost.
	Damages int `json:"damages,omitempty"`
	// Sinks tells of what is shipped elsewhere.
	Sinks *sinkReadiness `json:"sinks,omitempty"`
	// Node tells which of several nodes of the log this is.
	Node *nodeReadiness `json:"node,omitempty"`
}

// nodeReadiness tells of a node among others.
type nodeReadiness struct {
	Name   string `json:"name"`
	OnDuty bool   `json:"onDuty"`
	Nodes  int    `json:"nodes"`
}

type checkReadiness struct {
	OK       bool      `json:"ok"`
	EndedAt  time.Time `json:"endedAt"`
	Problems int       `json:"problems"`
}

// indexReadiness tells of the full-text index. One that is behind or failing is
// no reason to send requests elsewhere: searches are exact without it.
type indexReadiness struct {
	OK      bool  `json:"ok"`
	Behind  int64 `json:"behind"`
	Resting bool  `json:"resting,omitempty"`
	Unread  int   `json:"unread,omitempty"`
}

// readyz answers whether the log can be read and written. A server that is about to stop answers NotFound.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	x := w.(*wire.Exchange)
	if err := s.opts.Store.Err(); err != nil {
		x.Fail(fmt.Errorf("%w: %w", audit.Errorf(audit.Unavailable, "the log cannot be written and must be started again"), err))
		return
	}
	if err := s.opts.Store.Paused(); err != nil {
		x.Fail(err)
		return
	}
	if s.opts.Ready != nil {
		if err := s.opts.Ready(); err != nil {
			x.Fail(err)
			return
		}
	}
	ready := readiness{Version: s.opts.Version, Damages: len(s.opts.Store.Damaged()), Sinks: s.sinksReady()}
	if s.opts.Index != nil {
		st := s.opts.Index()
		ready.Index = &indexReadiness{OK: st.Err == nil, Behind: st.Behind, Resting: st.Resting, Unread: st.Unread}
	}
	if s.opts.Checks != nil {
		if last := s.opts.Checks.Status().Last; last != nil {
			ready.Check = &checkReadiness{OK: last.Problems == 0 && last.Err == "", EndedAt: last.EndedAt, Problems: last.Problems}
		}
	}
	if s.opts.Nodes != nil {
		names, own, onDuty := s.opts.Nodes()
		ready.Node = &nodeReadiness{Name: own, OnDuty: own != "" && own == onDuty, Nodes: len(names)}
	}
	if err := x.Answer(ready); err != nil {
		x.Fail(err)
	}
}
