package auth

import (
	"fmt"
	"net/http"

	"auditlog/audit"
)

// anonymous is the actor of calls of which only the address is known.
const anonymous = "anonymous"

// fail notes that a call came with a secret that is nobody's, or no longer counts. Guessing
// must leave a trace, and a flood of it must not fill the disk: the failures of one
// network are told of as refusals are, at first at once and then by their count, and those
// of networks beyond the first maxKinds in one.
func (k *Keeper) fail(r *http.Request) {
	from := k.Address(r)
	call := k.NewCall(r, Principal{Owner: anonymous, Type: audit.User}, audit.ChannelAPI, "")
	kind := refusalKind{permission: TokenUse, project: networkOf(from).String()}
	k.refusals.addKind(k.opts.Now(), kind, call, &Denied{Permission: TokenUse, From: from, Unknown: true})
}

// unknown says in an entry where failures came from.
func (s *refusal) unknown(e *audit.Entry) {
	e.Resource = audit.Resource{Type: "Token"}
	if s.others() {
		e.Detail = fmt.Sprintf("%s, from more than %d addresses", s.denied.Error(), maxKinds)
		return
	}
	addMetadata(e, map[string]string{"address": s.kind.project})
}
