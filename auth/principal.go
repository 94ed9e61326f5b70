package auth

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"auditlog/audit"
)

// Permission lets one call the API's method of that name, where there is one.
type Permission string

// The permissions.
const (
	AuditLogRecord Permission = "auditLog.record"
	AuditLogList   Permission = "auditLog.list"
	AuditLogGet    Permission = "auditLog.get"
	AuditLogStats  Permission = "auditLog.stats"
	AuditLogExport Permission = "auditLog.export"
	// AuditLogProve lets one have evidence of entries, and read the tree of a project.
	AuditLogProve Permission = "auditLog.prove"
	AuditLogPull  Permission = "auditLog.pull"
	// AuditLogFollow lets one see what is recorded as it happens, on the page as well.
	AuditLogFollow Permission = "auditLog.follow"

	ProjectList    Permission = "project.list"
	ProjectGet     Permission = "project.get"
	ProjectDelete  Permission = "project.delete"
	ProjectRestore Permission = "project.restore"
	ProjectCreate  Permission = "project.create"
	ProjectApprove Permission = "project.approve"
	ProjectHold    Permission = "project.hold"
	ProjectRelease Permission = "project.release"
	// ProjectCertificate lets one have what proves that a project was purged.
	ProjectCertificate Permission = "project.certificate"

	TokenCreate Permission = "token.create"
	TokenList   Permission = "token.list"
	TokenRevoke Permission = "token.revoke"
	TokenRotate Permission = "token.rotate"
	// TokenUse is no method of the API's: it lets one call with a token at all, and is
	// missing where a token is used from an address that it is not for.
	TokenUse Permission = "token.use"

	// SessionList and SessionEnd are about the sessions of others. Everybody sees and
	// ends their own.
	SessionList Permission = "session.list"
	SessionEnd  Permission = "session.end"

	// LogCheck has the whole log read, and tells what is damaged.
	LogCheck Permission = "log.check"
	// LogCheckpoint lets one have the newest checkpoint, LogCosign add what witnesses signed.
	LogCheckpoint Permission = "log.checkpoint"
	LogCosign     Permission = "log.cosign"
	// LogBackup lets one have a copy of everything that the log holds.
	LogBackup Permission = "log.backup"

	// What a sink ships leaves the log, and the server connects to where it says.
	SinkCreate Permission = "sink.create"
	SinkList   Permission = "sink.list"
	SinkGet    Permission = "sink.get"
	SinkUpdate Permission = "sink.update"
	SinkPause  Permission = "sink.pause"
	SinkResume Permission = "sink.resume"
	SinkReplay Permission = "sink.replay"
	SinkDelete Permission = "sink.delete"
	SinkTest   Permission = "sink.test"

	// Whoever may read entries may save searches for themselves. SearchShare is no method of
	// the API's: it lets one save and delete those for a project.
	SearchSave   Permission = "search.save"
	SearchList   Permission = "search.list"
	SearchDelete Permission = "search.delete"
	SearchShare  Permission = "search.share"

	// ViewerLinkCreate lets one make links by which others see entries of a project.
	ViewerLinkCreate Permission = "viewerLink.create"

	// DebugProfile is no method of the API's: it lets one read profiles of the process.
	DebugProfile Permission = "debug.profile"
)

// Permissions lists every permission.
func Permissions() []Permission {
	return []Permission{
		AuditLogRecord, AuditLogList, AuditLogGet, AuditLogStats, AuditLogExport, AuditLogProve, AuditLogPull, AuditLogFollow,
		ProjectCertificate, ProjectList, ProjectGet, ProjectCreate, ProjectDelete, ProjectApprove, ProjectRestore, ProjectHold, ProjectRelease,
		TokenCreate, TokenList, TokenRevoke, TokenRotate, SessionList, SessionEnd, LogBackup, LogCheck, LogCheckpoint, LogCosign,
		SinkCreate, SinkList, SinkGet, SinkUpdate, SinkPause, SinkResume, SinkReplay, SinkDelete, SinkTest,
		SearchSave, SearchList, SearchDelete, SearchShare, ViewerLinkCreate, DebugProfile,
	}
}

// reads reports whether p lets one see and change nothing.
func (p Permission) reads() bool {
	switch p {
	case AuditLogList, AuditLogGet, AuditLogStats, AuditLogExport, AuditLogProve, AuditLogPull, AuditLogFollow, ProjectList, ProjectGet,
		ProjectCertificate, LogCheckpoint:
		return true
	}
	return false
}

// ownSearches reports whether p is about the searches that one saves.
func (p Permission) ownSearches() bool {
	return p == SearchSave || p == SearchList || p == SearchDelete
}

// wholeLog reports whether p is for admins of all projects alone, be it about one of
// them: what cannot be taken back is not for those who answer for what a project holds, and
// what concerns all projects is not for those of some.
func (p Permission) wholeLog() bool {
	return p.deletes() || p == ProjectRelease || p == LogBackup || p == LogCheck || p == LogCosign || p.ships()
}

// ships reports whether p is about sinks.
func (p Permission) ships() bool { return strings.HasPrefix(string(p), "sink.") }

// deletes reports whether p is of those that the log may be configured to let a
// project's own admins have.
func (p Permission) deletes() bool { return p == ProjectDelete || p == ProjectApprove }

// Role is a set of permissions.
type Role string

// The roles.
const (
	Viewer   Role = "viewer"
	Recorder Role = "recorder"
	Admin    Role = "admin"
)

func (r Role) may(p Permission) bool {
	switch r {
	case Viewer:
		return p.reads() || p.ownSearches()
	case Recorder:
		return p == AuditLogRecord
	case Admin:
		return true
	}
	return false
}

// Grant is a role on some projects.
type Grant struct {
	Role Role `json:"role"`
	// Projects are those that the role is for, sorted; all when empty.
	Projects []string `json:"projects,omitempty"`
}

// Principal is who calls the API: a token's owner, or somebody who logged in. It is
// not changed once made.
type Principal struct {
	// Owner is the e-mail of the owner.
	Owner string
	Type  audit.ActorType
	// Grants are what it may: a token's is one, a person may have several.
	Grants []Grant
	// TokenID names the token that it called with, or the session of a person;
	// audit.RecordedByDev in development mode.
	TokenID string
	// TokenCreatedBy is the e-mail of who made that token, TokenMakers are the tokens by
	// way of which it was made: see Token.Makers.
	TokenCreatedBy string
	TokenMakers    []string
	// DeletesOwn lets an admin of some projects delete those; see Options.
	DeletesOwn bool
	// SessionID names the session that it acts in, if any.
	SessionID string
	// Identity names a person who logged in at an identity provider; see Person.Mark.
	Identity string
}

// RecordedBy returns what the entries that p records bear: the person, or the token.
func (p *Principal) RecordedBy() string { return cmp.Or(p.Identity, p.TokenID) }

// Dev is the principal of every call in development mode, where no tokens are
// needed.
func Dev() Principal {
	return Principal{Owner: "dev@localhost", Type: audit.User, Grants: []Grant{{Role: Admin}}, TokenID: audit.RecordedByDev}
}

// May reports whether p has a permission on a project. The project is empty for
// calls that concern no single one.
func (p *Principal) May(permission Permission, project string) bool {
	return slices.ContainsFunc(p.Grants, func(g Grant) bool {
		return g.Role.may(permission) && (g.everywhere() || !permission.wholeLog() || permission.deletes() && p.DeletesOwn) &&
			(project == "" || g.reaches(permission, project))
	})
}

// MayEverywhere reports whether p has a permission on all projects, those to come
// included.
func (p *Principal) MayEverywhere(permission Permission) bool {
	return slices.ContainsFunc(p.Grants, func(g Grant) bool { return g.Role.may(permission) && g.everywhere() })
}

// Reach returns the projects that p has a permission on, one of a project's own.
func (p *Principal) Reach(permission Permission) audit.Scope {
	var names []string
	all := false
	for _, g := range p.Grants {
		if g.Role.may(permission) {
			all = all || g.everywhere()
			names = append(names, g.Projects...)
		}
	}
	switch {
	case !all:
		return audit.TheseProjects(names...)
	case p.May(permission, audit.SystemProject):
		return audit.AllProjects()
	}
	return audit.AllProjects(audit.SystemProject)
}

// Check returns nil if p has a permission on a project, else a *Denied, or Invalid
// for a name that no project can have. None of it depends on whether there is such
// a project.
func (p *Principal) Check(permission Permission, project string) error {
	if p.May(permission, project) {
		return nil
	}
	if project != "" {
		if err := audit.ValidateProject(project); err != nil {
			return err
		}
	}
	all := permission.wholeLog() && !(permission.deletes() && p.DeletesOwn) && !p.MayEverywhere(permission)
	return &Denied{Permission: permission, Project: project, All: all}
}

// reaches reports whether a project lies in g's scope, for one permission.
func (g *Grant) reaches(permission Permission, project string) bool {
	if project == audit.SystemProject {
		return g.everywhere() && g.Role == Admin && permission.reads()
	}
	return g.everywhere() || slices.Contains(g.Projects, project)
}

func (g *Grant) everywhere() bool { return len(g.Projects) == 0 }

// Sees reports whether p may know that there is a project of that name.
func (p *Principal) Sees(project string) bool {
	return slices.ContainsFunc(p.Grants, func(g Grant) bool { return g.reaches(ProjectGet, project) })
}

// contains reports whether p has a permission on all that a token for the given
// projects is for.
func (p *Principal) contains(permission Permission, projects []string) bool {
	if len(projects) == 0 {
		return p.MayEverywhere(permission)
	}
	outside := func(name string) bool { return !p.May(permission, name) }
	return !slices.ContainsFunc(projects, outside)
}

// Denied is the error of a call that a known principal may not make. It is a
// PermissionDenied Fault; whoever answers with it hands it to Keeper.Refuse.
type Denied struct {
	Permission Permission
	// Project is the one that the call concerned, empty when none or several.
	Project string
	// All is set when it concerned all projects.
	All bool
	// Unknown is set for calls with a secret that is nobody's, or no longer counts.
	Unknown bool
	// From is where a call came from whose token is not for that address.
	From netip.Addr
}

// Error names the permission that was missing.
func (d *Denied) Error() string {
	switch {
	case d.Unknown:
		return "calls with a token that is not known or no longer counts"
	case d.Permission == TokenUse && !d.From.IsValid():
		return "this token is for calls from certain addresses, and where this one came from is not known"
	case d.Permission == TokenUse:
		return fmt.Sprintf("this token is not for calls from %s", d.From)
	case d.All:
		return fmt.Sprintf("missing permission %s on all projects", d.Permission)
	case d.Project == "":
		return fmt.Sprintf("missing permission %s", d.Permission)
	case d.Project == audit.SystemProject:
		return fmt.Sprintf("missing permission %s on project %q, which is kept for the log itself", d.Permission, d.Project)
	}
	return fmt.Sprintf("missing permission %s on project %q", d.Permission, d.Project)
}

// Unwrap returns the Fault that the caller is answered with.
func (d *Denied) Unwrap() error {
	return &audit.Fault{Kind: audit.PermissionDenied, Message: d.Error()}
}

// resource returns what the refused call concerned, as far as the log knows.
func (d *Denied) resource() audit.Resource {
	if d.Project != "" {
		return audit.Resource{Type: "Project", ID: d.Project, Name: d.Project}
	}
	if strings.HasPrefix(string(d.Permission), "token.") {
		return audit.Resource{Type: "Token"}
	}
	if d.Permission.ships() {
		return audit.Resource{Type: "Sink"}
	}
	if d.Permission == LogBackup {
		return audit.Resource{Type: "Log"}
	}
	return audit.Resource{Type: "Project"}
}
