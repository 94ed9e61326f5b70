package auth

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"auditlog/audit"
)

// What each role may do, spelled out: the code must not be its own witness.
func rolePermissions() map[Role][]Permission {
	read := []Permission{
		"auditLog.list", "auditLog.get", "auditLog.stats", "auditLog.export", "auditLog.follow",
		"project.list", "project.get",
	}
	return map[Role][]Permission{
		Viewer:   read,
		Recorder: {"auditLog.record"},
		Admin: append(slices.Clone(read), "auditLog.record", "project.delete", "project.restore",
			"token.create", "token.list", "token.revoke", "debug.profile"),
		"": nil, "owner": nil,
	}
}

func TestPermissions(t *testing.T) {
	read := rolePermissions()[Viewer]
	for role, has := range rolePermissions() {
		for _, permission := range Permissions() {
			has := slices.Contains(has, permission)
			one := Principal{Role: role, Projects: []string{"acme"}}
			all := Principal{Role: role}
			for _, tt := range []struct {
				who     string
				p       Principal
				project string
				want    bool
			}{
				{"of one project", one, "acme", has},
				{"of one project", one, "beta", false},
				{"of one project", one, "", has},
				{"of one project", one, audit.SystemProject, false},
				{"of all projects", all, "acme", has},
				{"of all projects", all, "", has},
				{"of all projects", all, audit.SystemProject, role == Admin && slices.Contains(read, permission)},
			} {
				if got := tt.p.May(permission, tt.project); got != tt.want {
					t.Errorf("%q %s may %s on %q: %t", role, tt.who, permission, tt.project, got)
				}
				err := tt.p.Check(permission, tt.project)
				var denied *Denied
				if (err == nil) != tt.want || err != nil && (!errors.As(err, &denied) || audit.KindOf(err) != audit.PermissionDenied ||
					!strings.Contains(err.Error(), string(permission))) {
					t.Errorf("%q %s, %s on %q: %v", role, tt.who, permission, tt.project, err)
				}
			}
		}
	}
}

func TestContains(t *testing.T) {
	all, two := Principal{}, Principal{Projects: []string{"acme", "beta"}}
	for _, tt := range []struct {
		p        Principal
		projects []string
		want     bool
	}{
		{all, nil, true},
		{all, []string{"acme"}, true},
		{two, nil, false},
		{two, []string{"acme"}, true},
		{two, []string{"acme", "beta"}, true},
		{two, []string{"acme", "gamma"}, false},
	} {
		if got := tt.p.contains(tt.projects); got != tt.want {
			t.Errorf("%v contains %v: %t", tt.p.Projects, tt.projects, got)
		}
	}
}

// What is kept of a refusal must be bounded, so must be what it can name.
func TestDeniedNamesAreProjects(t *testing.T) {
	p := Principal{Role: Viewer, Projects: []string{"acme"}}
	for _, name := range []string{strings.Repeat("x", audit.MaxProject+1), "\xff", "_x"} {
		if err := p.Check(AuditLogList, name); audit.KindOf(err) != audit.Invalid {
			t.Errorf("%.20q: %v", name, err)
		}
	}
}
