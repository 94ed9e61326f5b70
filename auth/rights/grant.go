package rights

import (
	"fmt"
	"slices"

	"auditlog/audit"
)

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

// reaches reports whether a project lies in g's scope, for one permission.
func (g *Grant) reaches(permission Permission, project string) bool {
	if project == audit.SystemProject {
		return g.Everywhere() && g.Role == Admin && permission.reads()
	}
	return g.Everywhere() || slices.Contains(g.Projects, project)
}

// Everywhere reports whether g is for all projects.
func (g *Grant) Everywhere() bool { return len(g.Projects) == 0 }

// maxProjects is how many projects a grant names at most.
const maxProjects = 100

// Check returns what is wrong with a grant, as an Invalid Fault with the path of the
// field.
func (g *Grant) Check() error {
	switch g.Role {
	case Viewer, Recorder, Admin:
	case "":
		return audit.FieldErrorf("role", "is required")
	default:
		return audit.FieldErrorf("role", "must be viewer, recorder or admin")
	}
	if len(g.Projects) > maxProjects {
		return audit.FieldErrorf("projects", "must be at most %d, or none for all", maxProjects)
	}
	for i, name := range g.Projects {
		if err := validateGrant(name); err != nil {
			return audit.AtPath(err, fmt.Sprintf("projects[%d]", i))
		}
	}
	return nil
}

func validateGrant(project string) error {
	if project == audit.SystemProject {
		return audit.Errorf(audit.Invalid, "%s is kept for the log itself: only admins of all projects read it", project)
	}
	return audit.RenameField(audit.ValidateProject(project), map[string]string{"project": ""})
}
