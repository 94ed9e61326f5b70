package api

import (
	"auditlog/api/dialect"
	"auditlog/audit"
	"auditlog/auth/refused"
)

// conflicts are the entries of a call that were not recorded because others have their keys.
type conflicts struct {
	call *call
	// hidden answers them as duplicates: clients of deploys.app know no other word.
	hidden bool
	// by project; few, as one call mostly records to one.
	by map[string]*refused.Conflict
}

func (c *call) newConflicts() conflicts { return conflicts{call: c, hidden: dialect.Deploys(c.r)} }

// add counts an entry whose key the one with the id has.
func (c *conflicts) add(e *audit.Entry, id int64) {
	if c.by == nil {
		c.by = make(map[string]*refused.Conflict)
	}
	of := c.by[e.Project]
	if of == nil {
		of = &refused.Conflict{Project: e.Project}
		c.by[e.Project] = of
	}
	of.Count++
	of.Key, of.First = e.Key, id
}

// tell counts them, and has entries tell of them.
func (c *conflicts) tell() {
	for _, of := range c.by {
		c.call.metrics.Conflict(of.Count)
		c.call.opts.Auth.Conflict(c.call.auth(), of)
	}
}
