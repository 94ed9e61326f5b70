package auth

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"auditlog/audit"
)

// Call is who makes a call, and through what: what the entry about it will say.
type Call struct {
	Principal Principal
	Channel   audit.Channel
	// Claimed is the channel that the client says it is, if any. The entry about the
	// call has it as a claim.
	Claimed audit.Channel
	Request audit.Request
}

// NewCall returns the call that a request is. The channel is the one through which the
// log was reached, as its caller here knows: what a client says of itself in a header
// would let whoever acts choose what the entry about it says.
func (k *Keeper) NewCall(r *http.Request, p Principal, channel audit.Channel, requestID string) *Call {
	c := &Call{Principal: p, Channel: channel}
	c.Request = audit.Request{UserAgent: r.UserAgent(), ID: requestID}
	if a := k.Address(r); a.IsValid() {
		c.Request.IP = a.String()
	}
	return c
}

// ownCall is what the log does of its own accord.
func ownCall() *Call {
	return &Call{Principal: Principal{Owner: "auditlog", Type: audit.ServiceAccount, Grants: []Grant{{Role: Admin}}}}
}

// What the metadata of the log's own entries have of the token or the person that acted.
const (
	metaToken          = "token"
	metaTokenCreatedBy = "tokenCreatedBy"
	metaTokenMakers    = "tokenMakers"
	metaClaimed        = "claimedChannel"
	metaSession        = "session"
	metaIdentity       = "identity"
)

// addMetadata adds to an entry's metadata.
func addMetadata(e *audit.Entry, more map[string]string) {
	if e.Metadata == nil {
		e.Metadata = make(map[string]string, len(more))
	}
	maps.Copy(e.Metadata, more)
}

// Entry returns the entry of a call that succeeds. RecordOwn, ChangeTokens and the
// like take it; its action is the permission that the call needs. Its metadata, to
// which the caller may add, says which token acted and who had made that token: an
// owner's name is what the maker of the token chose.
func (c *Call) Entry(action Permission, project string, resource audit.Resource) *audit.Entry {
	e := &audit.Entry{
		Project:  project,
		Actor:    audit.Actor{Email: c.Principal.Owner, Type: c.Principal.Type},
		Action:   string(action),
		Resource: resource,
		Outcome:  audit.Success,
		Channel:  c.Channel,
		Request:  c.Request,
	}
	p := &c.Principal
	for name, value := range map[string]string{
		metaToken: p.TokenID, metaTokenCreatedBy: p.TokenCreatedBy, metaSession: p.SessionID, metaIdentity: p.Identity,
	} {
		if value != "" && !(name == metaToken && value == p.SessionID) {
			addMetadata(e, map[string]string{name: value})
		}
	}
	if len(p.TokenMakers) > 0 {
		addMetadata(e, map[string]string{metaTokenMakers: strings.Join(p.TokenMakers, ", ")})
	}
	if slices.Contains(audit.Channels(), c.Claimed) && c.Claimed != c.Channel {
		addMetadata(e, map[string]string{metaClaimed: string(c.Claimed)})
	}
	e.Clean() // a user agent of garbage must not keep a call from being recorded
	return e
}
