package format

import (
	"strings"
	"unicode"

	"auditlog/audit"
)

// class is a sort of event, as vocabularies tell them apart.
type class struct {
	// uid and name are OCSF's, as are those of its category and its activities.
	uid, category      int
	name, categoryName string
	activities         map[int]activity
	// ecs is the category in ECS, and of is what it is further of.
	ecs, of string
}

// activity is what is done in an event of a class.
type activity struct {
	name string
	ecs  string // the event's type in ECS
}

// other is the activity that has no number of its own.
const other = 99

const (
	applicationActivity = "Application Activity"
	identityManagement  = "Identity & Access Management"
)

// The classes, with those of their activities that occur.
var (
	apiActivity = &class{
		uid: 6003, category: 6, name: "API Activity", categoryName: applicationActivity, ecs: "api",
		activities: map[int]activity{1: {"Create", "creation"}, 2: {"Read", "access"}, 3: {"Update", "change"}, 4: {"Delete", "deletion"}},
	}
	accountChange = &class{
		uid: 3001, category: 3, name: "Account Change", categoryName: identityManagement, ecs: "iam", of: "user",
		activities: map[int]activity{
			1: {"Create", "creation"}, 2: {"Enable", "change"}, 3: {"Password Change", "change"}, 4: {"Password Reset", "change"},
			5: {"Disable", "change"}, 6: {"Delete", "deletion"}, 7: {"Attach Policy", "change"}, 8: {"Detach Policy", "change"},
			9: {"Lock", "change"}, 10: {"MFA Factor Enable", "change"}, 11: {"MFA Factor Disable", "change"}, 12: {"Unlock", "change"},
		},
	}
	authentication = &class{
		uid: 3002, category: 3, name: "Authentication", categoryName: identityManagement, ecs: "authentication",
		activities: map[int]activity{1: {"Logon", "start"}, 2: {"Logoff", "end"}},
	}
	userAccess = &class{
		uid: 3005, category: 3, name: "User Access Management", categoryName: identityManagement, ecs: "iam", of: "admin",
		activities: map[int]activity{1: {"Assign Privileges", "change"}, 2: {"Revoke Privileges", "change"}},
	}
	groupManagement = &class{
		uid: 3006, category: 3, name: "Group Management", categoryName: identityManagement, ecs: "iam", of: "group",
		activities: map[int]activity{3: {"Add User", "change"}, 4: {"Remove User", "change"}, 5: {"Delete", "deletion"}, 6: {"Create", "creation"}},
	}
)

// The words of actions that tell what is done, each with the activity of a class.
var (
	apiVerbs = verbs(map[int]string{
		1: "create add new insert register import upload invite issue generate record enroll provision init clone copy",
		2: "get list read view show describe download export search query find count stats check test pull follow watch",
		3: "update set edit modify patch put change rename move replace enable disable activate deactivate start stop restart " +
			"pause resume suspend deploy redeploy rollback scale rotate renew restore approve reject release hold attach detach " +
			"assign unassign bind unbind grant revoke lock unlock reset link unlink transfer merge apply cancel retry",
		4: "delete remove destroy purge drop erase terminate deregister",
	})
	sessionVerbs = verbs(map[int]string{
		1: "login logon signin authenticate",
		2: "logout logoff signout",
	})
	sessionActions = verbs(map[int]string{
		1: "session.begin session.start session.create token.use",
		2: "session.end session.delete session.revoke",
	})
	accountVerbs = verbs(map[int]string{
		1:  "create add invite register provision",
		2:  "enable activate reactivate restore unsuspend",
		3:  "changepassword setpassword updatepassword",
		4:  "resetpassword",
		5:  "disable deactivate suspend",
		6:  "delete remove deprovision",
		7:  "attachpolicy",
		8:  "detachpolicy",
		9:  "lock",
		10: "enablemfa",
		11: "disablemfa resetmfa",
		12: "unlock",
	})
	accessVerbs = verbs(map[int]string{
		1: "grant assign bind attach add give",
		2: "revoke unassign unbind detach remove deny",
	})
	groupVerbs = verbs(map[int]string{
		3: "addmember adduser join",
		4: "removemember removeuser leave",
		5: "delete remove",
		6: "create add",
	})
)

func verbs(table map[int]string) map[string]int {
	m := make(map[string]int)
	for activity, words := range table {
		for word := range strings.FieldsSeq(words) {
			m[word] = activity
		}
	}
	return m
}

// Types of resources that are somebody, a group of them, or what somebody may do.
var (
	accounts   = set("user serviceaccount account useraccount")
	groups     = set("group team usergroup")
	privileges = set("role permission privilege access rolebinding")
)

func set(words string) map[string]bool {
	m := make(map[string]bool)
	for word := range strings.FieldsSeq(words) {
		m[word] = true
	}
	return m
}

// Names in metadata under which those who record say whom, and what, a grant is about.
var (
	whom = []string{"user", "email", "member", "principal", "grantee", "subject", "userId"}
	what = []string{"role", "permission", "privilege"}
)

// deed is what an entry tells of, in the words of the vocabularies.
type deed struct {
	*class
	number int
	// user is whom it is done to, and privilege what they are given or lose.
	user, userID, privilege string
}

// activity returns what is done: where the class has no name for it, the action's.
func (d *deed) activity(e *audit.Entry) activity {
	if a, ok := d.activities[d.number]; ok {
		return a
	}
	return activity{e.Action, "info"}
}

// deedOf tells what an entry is of: of an account, of access, of a group or of a session where
// its action and its resource say so, else of a call of an API. What a class requires and an
// entry does not hold makes it a call of an API, too.
func deedOf(e *audit.Entry) deed {
	last := e.Action[strings.LastIndexByte(e.Action, '.')+1:]
	verb, object := cut(last)
	last = fold(last)
	kind := fold(e.Resource.Type)
	if n := max(sessionVerbs[last], sessionActions[fold(e.Action)]); n > 0 {
		return deed{class: authentication, number: n, user: e.Actor.Email}
	}
	if d, ok := access(e, kind, verb, object); ok {
		return d
	}
	if n := accountVerbs[last]; n > 0 && accounts[kind] && named(e) {
		return deed{class: accountChange, number: n, user: e.Resource.Name, userID: e.Resource.ID}
	}
	if n := groupVerbs[last]; n > 0 && groups[kind] && named(e) {
		return deed{class: groupManagement, number: n, user: said(e, whom)}
	}
	if n := apiVerbs[verb]; n > 0 {
		return deed{class: apiActivity, number: n}
	}
	return deed{class: apiActivity, number: other}
}

// access returns what an entry tells of somebody who is given or loses a privilege, if it is
// said who and which.
func access(e *audit.Entry, kind, verb, object string) (deed, bool) {
	n := accessVerbs[verb]
	if n == 0 {
		return deed{}, false
	}
	d := deed{class: userAccess, number: n}
	switch {
	case privileges[kind] && (object == "" || privileges[object]):
		d.user, d.privilege = said(e, whom), e.Resource.Name
		if d.privilege == "" {
			d.privilege = e.Resource.ID
		}
	case accounts[kind] && (privileges[object] || object == "" && privileges[fold(e.Action[:max(strings.IndexByte(e.Action, '.'), 0)])]):
		d.user, d.userID, d.privilege = e.Resource.Name, e.Resource.ID, said(e, what)
	}
	return d, d.user+d.userID != "" && d.privilege != ""
}

func named(e *audit.Entry) bool { return e.Resource.Name+e.Resource.ID != "" }

// said returns the first value that metadata has under one of some names.
func said(e *audit.Entry, names []string) string {
	for _, name := range names {
		if v := e.Metadata[name]; v != "" {
			return v
		}
	}
	return ""
}

// fold returns s in small letters and without what stands between words.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == ' ' {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// cut parts "createKey" into "create" and "key".
func cut(s string) (verb, object string) {
	i := strings.IndexFunc(s, func(r rune) bool { return unicode.IsUpper(r) || r == '-' || r == '_' })
	if i <= 0 {
		return fold(s), ""
	}
	return fold(s[:i]), fold(s[i:])
}
