package auth

import "auditlog/audit"

// Exceed notes that a call was to record more than a limit of the log allows. The entry is
// recorded by Run, as those of refusals are: the first of a token, a project and a limit at
// once, of the others how many there were. project is the one that was recorded to, empty for
// several.
func (k *Keeper) Exceed(call *Call, project string, e *audit.Exceeded) {
	k.counts.exceeded.Add(1)
	denied := &Denied{Permission: AuditLogRecord, Project: project}
	kind := refusalKind{token: call.Principal.TokenID, permission: denied.Permission, project: project, limit: e.Limit.Name + " " + e.Amount}
	r := k.refusals
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count(k.opts.Now(), kind, call, denied).exceeded = e
}

// tellExceeded makes an entry, which tells of a refusal, tell of a limit.
func tellExceeded(e *audit.Entry, of *audit.Exceeded) {
	e.Detail = of.Error()
	addMetadata(e, map[string]string{
		"limit": of.Limit.Name, "amount": of.Amount, "each": of.Limit.Each, "limited": of.Name,
	})
}
