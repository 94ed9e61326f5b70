package auth

import (
	"auditlog/audit"
	"auditlog/auth/fold"
)

// Exceed notes that a call was to record more than a limit of the log allows. The entry is
// recorded by Run, as those of refusals are: the first of a token, a project and a limit at
// once, of the others how many there were. project is one that was recorded to.
func (k *Keeper) Exceed(call *Call, project string, e *audit.Exceeded) {
	k.counts.exceeded.Add(1)
	denied := Denied{Permission: AuditLogRecord, Project: project}
	kind := fold.Kind{Caller: call.Principal.TokenID, What: string(denied.Permission), Where: project, Which: e.Limit.Name + " " + e.Amount}
	k.refusals.Add(k.opts.Now(), kind, refusal{call: call, denied: denied, exceeded: e}, 1, 0)
}

// tellExceeded makes an entry, which tells of a refusal, tell of a limit.
func tellExceeded(e *audit.Entry, of *audit.Exceeded) {
	e.Detail = of.Error()
	addMetadata(e, map[string]string{
		"limit": of.Limit.Name, "amount": of.Amount, "each": of.Limit.Each, "limited": of.Name,
	})
}
