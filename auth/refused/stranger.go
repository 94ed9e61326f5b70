package refused

import (
	"fmt"
	"net/netip"

	"auditlog/audit"
	"auditlog/auth/address"
	"auditlog/auth/fold"
	"auditlog/auth/rights"
)

// anonymous is the actor of calls of which only the address is known.
const anonymous = "anonymous"

// Unknown notes that a call came with a secret that is nobody's, or no longer counts. Guessing
// must leave a trace, and a flood of it must not fill the disk: the failures of one
// network are told of as refusals are, at first at once and then by their count, and those
// of networks beyond the first maxKinds in one. The call's principal is of no account.
func (c *Calls) Unknown(call *rights.Call, from netip.Addr) {
	own := *call
	own.Principal = rights.Principal{Owner: anonymous, Type: audit.User}
	kind := fold.Kind{What: string(rights.TokenUse), Where: address.NetworkOf(from).String()}
	c.add(kind, refusal{call: &own, denied: rights.Denied{Permission: rights.TokenUse, From: from, Unknown: true}}, 1)
}

// unknown says in an entry where failures came from.
func unknown(e *audit.Entry, rep *fold.Report[refusal]) {
	e.Resource = audit.Resource{Type: "Token"}
	if rep.Kind.Others() {
		e.Detail = fmt.Sprintf("%s, from more than %d addresses", e.Detail, maxKinds)
		return
	}
	e.AddMetadata(map[string]string{"address": rep.Kind.Where})
}

// stranger is somebody for whom an identity provider vouches, and who may not be here.
type stranger struct{ issuer, message string }

// NotAdmitted notes that somebody for whom an issuer vouches, the call's principal, was not
// let in, and what they were told.
func (c *Calls) NotAdmitted(call *rights.Call, issuer, message string) {
	c.counts.refused.Add(1)
	kind := fold.Kind{Caller: call.Principal.Identity, What: string(rights.SessionBegin)}
	of := refusal{call: call, denied: rights.Denied{Permission: rights.SessionBegin}, person: &stranger{issuer, message}}
	c.add(kind, of, 1)
}

// entry makes e, which tells of a refusal, tell of a log-in.
func (s *stranger) entry(e *audit.Entry) {
	e.Resource = audit.Resource{Type: "Session"}
	e.Detail = s.message
	e.AddMetadata(map[string]string{"issuer": s.issuer})
}
