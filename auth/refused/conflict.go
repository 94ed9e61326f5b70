package refused

import (
	"fmt"
	"strconv"

	"auditlog/audit"
	"auditlog/auth/fold"
	"auditlog/auth/rights"
)

// Conflict says that entries of a call were not recorded because others have their keys: a
// client that gives different things one key, or somebody who was there first with a key that
// is no secret. Either is something to know of in an audit log.
type Conflict struct {
	Project string
	// Count is how many entries of the call. Key is that of one of them, First the id of
	// the entry that has it.
	Count int64
	Key   string
	First int64
}

// Conflict notes one. The entry is recorded by Record, as refusals are: the first of a token
// and a project at once, those that follow counted.
func (c *Calls) Conflict(call *rights.Call, of *Conflict) {
	c.counts.conflicts.Add(of.Count)
	denied := rights.Denied{Permission: rights.AuditLogRecord, Project: of.Project}
	kind := fold.Kind{Caller: call.Principal.TokenID, What: string(denied.Permission), Where: of.Project, Which: "conflict"}
	c.add(kind, refusal{call: call, denied: denied, conflict: of}, of.Count)
}

// entry makes e, which tells of a refusal, tell of a conflict.
func (c *Conflict) entry(e *audit.Entry) {
	e.Outcome = audit.Error
	e.Resource = audit.Resource{Type: "Entry", ID: strconv.FormatInt(c.First, 10)}
	e.Detail = fmt.Sprintf("not recorded: entry %d has the key %q already, and differs", c.First, c.Key)
	e.AddMetadata(map[string]string{"conflictingKey": c.Key})
}
