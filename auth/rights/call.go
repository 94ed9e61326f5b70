package rights

import (
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

// OwnCall is what the log does of its own accord.
func OwnCall() *Call {
	return &Call{Principal: Principal{Owner: "auditlog", Type: audit.ServiceAccount, Grants: []Grant{{Role: Admin}}}}
}

// What the metadata of the log's own entries have of the token or the person that acted.
const (
	MetaToken          = "token"
	MetaIdentity       = "identity"
	metaTokenCreatedBy = "tokenCreatedBy"
	metaTokenMakers    = "tokenMakers"
	metaClaimed        = "claimedChannel"
	metaSession        = "session"
)

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
		MetaToken: p.TokenID, metaTokenCreatedBy: p.TokenCreatedBy, metaSession: p.SessionID, MetaIdentity: p.Identity,
	} {
		if value != "" && !(name == MetaToken && value == p.SessionID) {
			e.AddMetadata(map[string]string{name: value})
		}
	}
	if len(p.TokenMakers) > 0 {
		e.AddMetadata(map[string]string{metaTokenMakers: strings.Join(p.TokenMakers, ", ")})
	}
	if slices.Contains(audit.Channels(), c.Claimed) && c.Claimed != c.Channel {
		e.AddMetadata(map[string]string{metaClaimed: string(c.Claimed)})
	}
	e.Clean() // a user agent of garbage must not keep a call from being recorded
	return e
}
