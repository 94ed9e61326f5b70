package refused

import (
	"auditlog/audit"
	"auditlog/auth/fold"
	"auditlog/auth/rights"
)

// Exceeded notes that a call was to record more than a limit of the log allows. The entry is
// recorded by Record, as those of refusals are: the first of a token, a project and a limit at
// once, of the others how many there were. project is one that was recorded to.
func (c *Calls) Exceeded(call *rights.Call, project string, e *audit.Exceeded) {
	c.counts.exceeded.Add(1)
	denied := rights.Denied{Permission: rights.AuditLogRecord, Project: project}
	kind := fold.Kind{Caller: call.Principal.TokenID, What: string(denied.Permission), Where: project, Which: e.Limit.Name + " " + e.Amount}
	c.add(kind, refusal{call: call, denied: denied, exceeded: e}, 1)
}

// tellExceeded makes an entry, which tells of a refusal, tell of a limit.
func tellExceeded(e *audit.Entry, of *audit.Exceeded) {
	e.Detail = of.Error()
	e.AddMetadata(map[string]string{
		"limit": of.Limit.Name, "amount": of.Amount, "each": of.Limit.Each, "limited": of.Name,
	})
}
