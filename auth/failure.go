package auth

import (
	"fmt"
	"net/http"

	"auditlog/audit"
	"auditlog/auth/fold"
)

// anonymous is the actor of calls of which only the address is known.
const anonymous = "anonymous"

// fail notes that a call came with a secret that is nobody's, or no longer counts. Guessing
// must leave a trace, and a flood of it must not fill the disk: the failures of one
// network are told of as refusals are, at first at once and then by their count, and those
// of networks beyond the first maxKinds in one.
func (k *Keeper) fail(r *http.Request, channel audit.Channel) {
	from := k.Address(r)
	call := k.NewCall(r, Principal{Owner: anonymous, Type: audit.User}, channel, "")
	kind := fold.Kind{What: string(TokenUse), Where: networkOf(from).String()}
	k.refusals.Add(k.opts.Now(), kind, refusal{call: call, denied: Denied{Permission: TokenUse, From: from, Unknown: true}}, 1, 0)
}

// unknown says in an entry where failures came from.
func unknown(e *audit.Entry, rep *fold.Report[refusal]) {
	e.Resource = audit.Resource{Type: "Token"}
	if rep.Kind.Others() {
		e.Detail = fmt.Sprintf("%s, from more than %d addresses", e.Detail, maxKinds)
		return
	}
	addMetadata(e, map[string]string{"address": rep.Kind.Where})
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
func (k *Keeper) NotAdmitted(call *Call, n *NotAdmitted) {
	k.counts.refused.Add(1)
	own := *call
	own.Principal = Principal{Owner: n.Person.Email, Type: audit.User, Identity: n.Person.Mark()}
	kind := fold.Kind{Caller: n.Person.Mark(), What: string(sessionBegin)}
	k.refusals.Add(k.opts.Now(), kind, refusal{call: &own, denied: Denied{Permission: sessionBegin}, notAdmitted: n}, 1, 0)
}

// entry makes e, which tells of a refusal, tell of a log-in.
func (n *NotAdmitted) entry(e *audit.Entry) {
	e.Resource = audit.Resource{Type: "Session"}
	e.Detail = n.Message
	addMetadata(e, map[string]string{"issuer": n.Person.Issuer})
}
