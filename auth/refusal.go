package auth

import (
	"auditlog/audit"
	"auditlog/auth/refused"
	"auditlog/auth/rights"
)

// Refuse notes that a call was denied. The entry is recorded by Run: the answer
// neither waits for it nor fails with it.
func (k *Keeper) Refuse(call *rights.Call, denied *rights.Denied) { k.refused.Denied(call, denied) }

// Conflict notes that entries of a call were not recorded because others have their keys.
func (k *Keeper) Conflict(call *rights.Call, c *refused.Conflict) { k.refused.Conflict(call, c) }

// Exceed notes that a call was to record more than a limit of the log allows. project is one
// that was recorded to.
func (k *Keeper) Exceed(call *rights.Call, project string, e *audit.Exceeded) {
	k.refused.Exceeded(call, project, e)
}

// NotAdmitted is the error of somebody for whom the identity provider vouches, and who may
// not be here. It is a PermissionDenied Fault; whoever answers with it hands it to
// Keeper.NotAdmitted.
type NotAdmitted struct {
	Person  Person
	Message string
}

// Error returns the message.
func (n *NotAdmitted) Error() string { return n.Message }

// Unwrap returns the Fault that the caller is answered with.
func (n *NotAdmitted) Unwrap() error {
	return &audit.Fault{Kind: audit.PermissionDenied, Message: n.Message}
}

// NotAdmitted notes that somebody was not let in. The entry is recorded by Run, as those of
// refused calls are.
func (k *Keeper) NotAdmitted(call *rights.Call, n *NotAdmitted) {
	own := *call
	own.Principal = rights.Principal{Owner: n.Person.Email, Type: audit.User, Identity: n.Person.Mark()}
	k.refused.NotAdmitted(&own, n.Person.Issuer, n.Message)
}
