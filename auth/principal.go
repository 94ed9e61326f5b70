package auth

import (
	"slices"

	"auditlog/audit"
)

// Permission is what a call asks of its principal, named as a refusal names it.
type Permission string

// The permissions. Each method of the API asks for one of them.
const (
	AuditLogRecord Permission = "auditLog.record"
	AuditLogRead   Permission = "auditLog.read"
	ProjectRead    Permission = "project.read"
	ProjectDelete  Permission = "project.delete"
	ProjectRestore Permission = "project.restore"
	TokenManage    Permission = "token.manage"
)

// Role is a set of permissions.
type Role string

const (
	Viewer   Role = "viewer"
	Recorder Role = "recorder"
	Admin    Role = "admin"
)

// has reports whether r holds a permission.
func (r Role) has(p Permission) bool {
	switch r {
	case Admin:
		return true
	case Viewer:
		return p == AuditLogRead || p == ProjectRead
	case Recorder:
		return p == AuditLogRecord
	}
	return false
}

// Principal is who makes a call: a token's owner.
type Principal struct {
	// Owner is the e-mail of the owner.
	Owner string
	Type  audit.ActorType
	// TokenID names the token, never its secret. Empty without one.
	TokenID string
	Role    Role
	// Projects are those that the role is for; all when empty.
	Projects []string
}

// Dev is the principal of every call in development mode, where there are no
// tokens.
func Dev() Principal {
	return Principal{Owner: "dev@localhost", Type: audit.User, Role: Admin}
}

// May reports whether p has a permission for a project. An empty project asks
// for what concerns no single project, which a role for some projects does not
// give.
func (p *Principal) May(permission Permission, project string) bool {
	return p.Role.has(permission) && p.Sees(project)
}

// Sees reports whether a project is among those that p's role is for.
func (p *Principal) Sees(project string) bool {
	return len(p.Projects) == 0 || slices.Contains(p.Projects, project)
}

// Check returns a PermissionDenied Fault that names the permission, unless p has
// it for the project. The answer is the same whether the project exists or not.
func (p *Principal) Check(permission Permission, project string) error {
	if p.May(permission, project) {
		return nil
	}
	if project == "" {
		return audit.Errorf(audit.PermissionDenied, "permission %s is required", permission)
	}
	return audit.Errorf(audit.PermissionDenied, "permission %s is required for project %q", permission, project)
}
