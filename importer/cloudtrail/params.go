package cloudtrail

import (
	"strconv"
	"strings"

	"auditlog/audit"
)

// How much metadata an entry gets: well below what an entry may have as a whole, so
// that whatever a call's parameters are the rest of it is kept.
const (
	maxMetadata = 24 << 10
	maxText     = 4 << 10
)

// A note is a field of the event that identifies something and has no place of its
// own in an entry.
type note struct {
	name string
	of   func(*event) string
	// always keeps it where the actor is called the same.
	always bool
}

func at(path string) func(*event) string {
	return func(e *event) string { return named(e.members.at(path)) }
}

// notes come first, so that no parameters of a call displace them.
var notes = []note{
	// The account that the event was delivered to, which is the one of the resource;
	// the caller's is another one in calls across accounts.
	{"accountId", func(e *event) string {
		if e.Account != "" {
			return e.Account
		}
		return account(e.identity("accountId"))
	}, true},
	{"callerAccountId", func(e *event) string { return account(e.identity("accountId")) }, true},
	{"accessKeyId", at("userIdentity.accessKeyId"), true},
	{"identityType", at("userIdentity.type"), true},
	{"identityArn", at("userIdentity.arn"), false},
	{"principalId", at("userIdentity.principalId"), false},
	{"userName", (*event).otherName, false},
	{"invokedBy", at("userIdentity.invokedBy"), false},
	{"invokedByAccountId", at("userIdentity.invokedByDelegate.accountId"), false},
	{"identityProvider", at("userIdentity.identityProvider"), false},
	{"identityStoreArn", at("userIdentity.onBehalfOf.identityStoreArn"), false},
	{"onBehalfOfUserId", at("userIdentity.onBehalfOf.userId"), false},
	{"credentialId", at("userIdentity.credentialId"), false},
	{"sessionIssuer", (*event).issuerName, false},
	{"sourceIdentity", at("userIdentity.sessionContext.sourceIdentity"), false},
	{"federatedProvider", at("userIdentity.sessionContext.webIdFederationData.federatedProvider"), false},
	{"assumedRoot", at("userIdentity.sessionContext.assumedRoot"), false},
	{"mfa", (*event).mfa, false},
	{"errorCode", func(e *event) string { return e.ErrorCode }, false},
	{"eventType", at("eventType"), false},
	{"sharedEventId", at("sharedEventID"), false},
	{"vpcEndpointId", at("vpcEndpointId"), false},
	{"vpcEndpointAccountId", at("vpcEndpointAccountId"), false},
}

// otherName is the userName, unless the ARN ends in it.
func (e *event) otherName() string {
	name := e.identity("userName")
	if strings.HasSuffix(e.identity("arn"), "/"+name) {
		return ""
	}
	return name
}

// mfa tells whether the session, or the sign-in, was with a second factor: "true" or
// "false".
func (e *event) mfa() string {
	if s := e.identity("sessionContext.attributes.mfaAuthenticated"); s != "" {
		return strings.ToLower(s)
	}
	for _, l := range e.Additional {
		if l.top && l.key == "MFAUsed" {
			return strconv.FormatBool(strings.EqualFold(l.value, "yes"))
		}
	}
	return ""
}

// metadata returns what else the event tells: notes, the resources where there are
// several, and the parameters of the call.
func (e *event) metadata(who actor, v verdict, res resource) map[string]string {
	m := metadata{texts: make(map[string]string), room: maxMetadata}
	for _, n := range notes {
		if text := n.of(e); n.always || text != who.Email && text != who.Label {
			m.set(n.name, text)
		}
	}
	if v.DryRun {
		m.set("dryRun", "true")
	}
	if len(res.all) > 1 {
		m.set(audit.ListedResources, strings.Join(res.all, " "))
	}
	m.setAll("requestParameters", e.Request)
	m.setAll("serviceEventDetails", e.Service)
	m.setAll("additionalEventData", e.Additional)
	if m.left > 0 {
		m.room = maxText
		m.set("parametersLeftOut", strconv.Itoa(m.left))
	}
	return m.texts
}

// metadata is what becomes the metadata of an entry.
type metadata struct {
	texts map[string]string
	room  int // in bytes
	left  int // values that had none
}

func (m *metadata) set(name, text string) {
	if text == "" {
		return
	}
	if len(name) > audit.MaxName || len(name)+len(text) > m.room {
		m.left++
		return
	}
	m.room -= len(name) + len(text)
	m.texts[name] = text
}

// setAll sets the values of leaves, those of one path together.
func (m *metadata) setAll(prefix string, list []leaf) {
	var paths []string
	values := make(map[string][]string)
	for _, l := range list {
		if l.secret {
			continue
		}
		if l.path == "" {
			l.path = "value" // of parameters that are no object
		}
		if values[l.path] == nil {
			paths = append(paths, l.path)
		}
		if !contains(values[l.path], l.value) {
			values[l.path] = append(values[l.path], l.value)
		}
	}
	for _, path := range paths {
		m.set(prefix+"."+path, cut(strings.Join(values[path], " ")))
	}
}

// cut shortens a text that is too long for a value of metadata.
func cut(s string) string {
	const ellipsis = "…"
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText-len(ellipsis)], "") + ellipsis
}
