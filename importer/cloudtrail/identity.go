package cloudtrail

import (
	"strings"

	"auditlog/audit"
)

// actor is who made the call.
type actor struct {
	audit.Actor
	// from is the field that the name comes from.
	from string
}

// Names of those who have none.
const (
	anonymous = "anonymous"
	// hiddenName is that of somebody whose name AWS does not tell: a person may have
	// typed the password there.
	hiddenName = "unknown (name hidden by AWS)"
	unknown    = "unknown"
)

// A field is one that may tell who called.
type field struct {
	name string
	of   func(*event) string
}

// The fields, under the names that the tables below use.
var (
	onBehalfOf   = field{"onBehalfOf", func(e *event) string { return e.identity("onBehalfOf.userId") }}
	arn          = field{"arn", func(e *event) string { return e.identity("arn") }}
	userName     = field{"userName", (*event).userName}
	session      = field{"session", (*event).sessionName}
	ssoSession   = field{"session", (*event).ssoSession}
	rootName     = field{"account", (*event).rootName}
	principal    = field{"principalId", (*event).principal}
	invokedBy    = field{"invokedBy", func(e *event) string { return e.identity("invokedBy") }}
	accountOwner = field{"account", func(e *event) string { return account(e.identity("accountId")) }}
	issuer       = field{"issuer", (*event).issuerName}
	byService    = field{"eventSource", (*event).serviceItself}
)

// An identityType says how to name the callers of one userIdentity.type.
type identityType struct {
	is audit.ActorType
	// by are the fields that may name them, the best first.
	by []field
}

// identityTypes are those that the reference of the userIdentity element describes,
// with the sign-ins of IAM's guide to CloudTrail (SAMLUser, WebIdentityUser) and of
// Identity Center's.
var identityTypes = map[string]identityType{
	"Root":    {audit.User, []field{arn, rootName, userName, accountOwner}},
	"IAMUser": {audit.User, []field{arn, userName, principal}},
	// A role that somebody has assumed. The name of a session is its caller's choice, so
	// the ARN names the role too; only Identity Center chooses those of its own roles.
	// Whoever acts on behalf of a person of Identity Center has that person in it.
	"AssumedRole": {audit.ServiceAccount, []field{ssoSession, onBehalfOf, arn, session, issuer, principal, invokedBy, accountOwner}},
	"Role":        {audit.ServiceAccount, []field{onBehalfOf, arn, userName, issuer, principal, accountOwner}},
	// Credentials of GetFederationToken.
	"FederatedUser": {audit.User, []field{arn, userName, session, principal, accountOwner}},
	// Sign-ins at an identity provider: the name that it gave.
	"SAMLUser":        {audit.User, []field{userName, session, arn, principal}},
	"WebIdentityUser": {audit.User, []field{userName, session, arn, principal}},
	// Identity Center. Its users' ids stay when their names change.
	"IdentityCenterUser": {audit.User, []field{onBehalfOf, userName, arn, session, principal}},
	// Directory Service.
	"Directory": {audit.User, []field{arn, userName, session, principal, accountOwner}},
	// Another account, which does not tell whom of it.
	"AWSAccount": {audit.ServiceAccount, []field{arn, accountOwner, principal}},
	"AWSService": {audit.ServiceAccount, []field{invokedBy, arn, userName, byService, accountOwner}},
	// A sign-in before it is known whose; Identity Center's older events.
	"Unknown": {audit.User, []field{onBehalfOf, arn, userName, session, principal, invokedBy}},
}

// otherIdentity is for types that are not in the table, and for none.
var otherIdentity = identityType{audit.ServiceAccount,
	[]field{onBehalfOf, arn, userName, session, principal, invokedBy, accountOwner, byService}}

// placeholders stand where there is no name.
var placeholders = []string{
	"", "-", "null", "***", "*****", "N/A", "Anonymous", "ANONYMOUS_PRINCIPAL", "anonymous",
	"HIDDEN_DUE_TO_SECURITY_REASONS", "<hidden>", "unknown", "UNKNOWN",
}

// programs begin the names that identity providers give programs, not people.
var programs = []string{
	"system:serviceaccount:", // Kubernetes
	"repo:",                  // GitHub Actions
	"project_path:",          // GitLab
	"organization:",          // Terraform Cloud, CircleCI
	"spiffe://",
}

// identity returns a text of userIdentity at a path, or "" for a placeholder.
func (e *event) identity(path string) string { return named(e.Identity.at(path)) }

// named returns s, or "" if it is a placeholder.
func named(s string) string {
	if s = strings.TrimSpace(s); contains(placeholders, s) {
		return ""
	}
	return s
}

// actor names who made the call: by the first field of the identity's type that has
// a name in it.
func (e *event) actor() actor {
	kind := e.Identity.name("type")
	t, known := identityTypes[kind]
	if !known {
		t = otherIdentity
	}
	a := actor{Actor: audit.Actor{Type: t.is}}
	for _, s := range t.by {
		if a.Email = s.of(e); a.Email != "" {
			a.from = s.name
			break
		}
	}
	a.Type = e.actorType(a, kind)
	if a.Email == "" {
		a.Email, a.Type = e.nameless(a.Type)
	}
	a.Label = e.label(a)
	return a
}

// actorType tells people from programs where the identity's type does not.
func (e *event) actorType(a actor, kind string) audit.ActorType {
	switch {
	case a.from == onBehalfOf.name, kind == "AssumedRole" && a.from == ssoSession.name && e.isSSORole():
		return audit.User
	case kind == "Unknown" && (a.from == invokedBy.name || a.from == "" && !e.isSignIn()):
		return audit.ServiceAccount
	case kind == "WebIdentityUser" && hasPrefix(a.Email, programs):
		return audit.ServiceAccount
	case kind == "" && a.from == arn.name:
		return typeOfARN(a.Email)
	case kind == "" && e.isSignIn() && a.from == userName.name:
		return audit.User
	}
	return a.Type
}

// typeOfARN tells people from programs by the ARN alone.
func typeOfARN(id string) audit.ActorType {
	_, resource, _ := cutARN(id)
	if resource == "root" || strings.HasPrefix(resource, "user/") || strings.HasPrefix(resource, "federated-user/") {
		return audit.User
	}
	return audit.ServiceAccount
}

// nameless names those whose name the event does not tell.
func (e *event) nameless(t audit.ActorType) (string, audit.ActorType) {
	for _, field := range []string{"accountId", "principalId", "userName"} {
		switch e.Identity.name(field) {
		case "ANONYMOUS_PRINCIPAL", "Anonymous", "anonymous":
			return anonymous, audit.User
		case hidden:
			return hiddenName, t
		}
	}
	if by := e.Identity.name("invokedBy"); by != "" { // "AWS Internal"
		return by, audit.ServiceAccount
	}
	if id := account(e.identity("accountId")); id != "" && t == audit.ServiceAccount {
		return id, t
	}
	return unknown, t
}

// label says by what the actor acted.
func (e *event) label(a actor) string {
	switch {
	case a.from == onBehalfOf.name && e.identity("arn") != "":
		return e.identity("arn")
	case a.from != invokedBy.name && a.from != "" && e.identity("invokedBy") != "":
		return e.identity("invokedBy")
	case e.Identity.name("type") == "WebIdentityUser" && a.from == userName.name:
		return e.identity("identityProvider")
	}
	return ""
}

// userName is the name of the identity, or the one that was typed to sign in, where
// the identity has it hidden.
func (e *event) userName() string {
	name := e.identity("userName")
	for _, key := range []string{"UserName", "userName", "username"} {
		for _, part := range [][]leaf{e.Additional, e.Service} {
			for _, l := range part {
				if name == "" && e.isSignIn() && l.top && l.key == key {
					name = named(l.value)
				}
			}
		}
	}
	return name
}

// sessionName is what follows the last colon of a principalId: the name of a role's
// session, or what an identity provider calls its user.
func (e *event) sessionName() string {
	id := e.identity("principalId")
	i := strings.LastIndexByte(id, ':')
	if i < 0 {
		return ""
	}
	return named(id[i+1:])
}

// principal is the principalId, unless that is the account.
func (e *event) principal() string {
	if id := e.identity("principalId"); account(id) != account(e.identity("accountId")) {
		return id
	}
	return ""
}

// ssoPath is the path of the roles that Identity Center makes, in which nobody else can.
const ssoPath = ":role/aws-reserved/sso.amazonaws.com/"

// isSSORole reports whether the role is one of Identity Center's.
func (e *event) isSSORole() bool {
	_, resource, _ := cutARN(e.identity("arn"))
	if !strings.HasPrefix(resource, "assumed-role/AWSReservedSSO_") {
		return false
	}
	by := e.identity("sessionContext.sessionIssuer.arn")
	return by == "" || strings.Contains(by, ssoPath)
}

// ssoSession is the name of a session that Identity Center has begun: its user's.
func (e *event) ssoSession() string {
	if !e.isSSORole() {
		return ""
	}
	id := e.identity("arn")
	return named(id[strings.LastIndexByte(id, '/')+1:])
}

func (e *event) rootName() string {
	if id := account(e.identity("accountId")); id != "" {
		return id + " (root)"
	}
	return ""
}

func (e *event) issuerName() string {
	if id := e.identity("sessionContext.sessionIssuer.arn"); id != "" {
		return id
	}
	return e.identity("sessionContext.sessionIssuer.userName")
}

// serviceItself is the service, where it tells of what it did itself.
func (e *event) serviceItself() string {
	if e.Type == "AwsServiceEvent" && e.Identity.name("invokedBy") == "" {
		return e.Source
	}
	return ""
}

func hasPrefix(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}
