package rights

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
		"auditLog.list", "auditLog.get", "auditLog.stats", "auditLog.export", "auditLog.prove", "auditLog.pull", "auditLog.follow",
		"project.list", "project.get", "project.certificate", "log.checkpoint",
	}
	own := []Permission{"search.save", "search.list", "search.delete"}
	return map[Role][]Permission{
		Viewer:   append(slices.Clone(read), own...),
		Recorder: {"auditLog.record"},
		Admin: append(append(slices.Clone(read), own...), "search.share", "auditLog.record", "project.create", "project.delete", "project.approve", "project.restore",
			"project.hold", "project.release",
			"viewerLink.create", "token.create", "token.list", "token.revoke", "token.rotate", "session.list", "session.end", "log.backup", "log.status", "log.check", "log.cosign", "debug.profile",
			"sink.create", "sink.list", "sink.get", "sink.update", "sink.pause", "sink.resume", "sink.replay", "sink.delete", "sink.test"),
		"": nil, "owner": nil,
	}
}

// of returns a principal of grants.
func of(grants ...Grant) Principal { return Principal{Grants: grants} }

func TestPermissions(t *testing.T) {
	read := slices.DeleteFunc(rolePermissions()[Viewer], Permission.ownSearches)
	for role, has := range rolePermissions() {
		for _, permission := range Permissions() {
			has := slices.Contains(has, permission)
			// What cannot be taken back is for admins of all projects.
			hasOnOne := has && !slices.Contains([]Permission{"project.delete", "project.approve", "project.release", "log.backup", "log.status", "log.check", "log.cosign"}, permission) &&
				!strings.HasPrefix(string(permission), "sink.")
			one := of(Grant{role, []string{"acme"}})
			all := of(Grant{Role: role})
			for _, tt := range []struct {
				who     string
				p       Principal
				project string
				want    bool
			}{
				{"of one project", one, "acme", hasOnOne},
				{"of one project", one, "beta", false},
				{"of one project", one, "", hasOnOne},
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

func TestCovers(t *testing.T) {
	all, two := of(Grant{Role: Admin}), of(Grant{Admin, []string{"acme", "beta"}})
	mixed := of(Grant{Admin, []string{"acme"}}, Grant{Viewer, nil}, Grant{Admin, []string{"beta"}})
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
		{mixed, nil, false},
		{mixed, []string{"acme", "beta"}, true},
		{mixed, []string{"acme", "gamma"}, false},
	} {
		if got := tt.p.Covers(TokenCreate, tt.projects); got != tt.want {
			t.Errorf("%v covers %v: %t", tt.p.Grants, tt.projects, got)
		}
	}
}

// What one has a permission on is, project by project, what one may.
func TestReach(t *testing.T) {
	for _, p := range []Principal{
		of(), of(Grant{Role: Admin}), of(Grant{Role: Viewer}), of(Grant{Recorder, nil}, Grant{Viewer, []string{"acme"}}),
		of(Grant{Viewer, []string{"acme", "beta"}}, Grant{Admin, []string{"beta", "gamma"}}), of(Grant{Viewer, nil}, Grant{Admin, []string{"acme"}}),
	} {
		for _, permission := range []Permission{AuditLogList, AuditLogExport, AuditLogRecord} {
			scope := p.Reach(permission)
			for _, project := range []string{"acme", "beta", "gamma", "delta", audit.SystemProject} {
				if may := p.May(permission, project); scope.Has(project) != may {
					t.Errorf("%v may %s on %s: %t", p.Grants, permission, project, may)
				}
			}
			if may := p.May(permission, ""); scope.Empty() == may {
				t.Errorf("%v may %s: %t", p.Grants, permission, may)
			}
		}
	}
}

// Roles on different projects do not add up to one on both.
func TestSeveralGrants(t *testing.T) {
	p := of(Grant{Viewer, []string{"acme"}}, Grant{Recorder, nil}, Grant{Admin, []string{"beta"}})
	for _, tt := range []struct {
		permission Permission
		project    string
		want       bool
	}{
		{AuditLogList, "acme", true},
		{AuditLogList, "beta", true},
		{AuditLogList, "gamma", false},
		{AuditLogRecord, "gamma", true},
		{ProjectRestore, "acme", false},
		{ProjectRestore, "beta", true},
		{ProjectDelete, "beta", false},
		{AuditLogList, audit.SystemProject, false},
		{DebugProfile, "", true},
	} {
		if got := p.May(tt.permission, tt.project); got != tt.want {
			t.Errorf("%s on %q: %t", tt.permission, tt.project, got)
		}
	}
	if p.MayEverywhere(DebugProfile) || !p.MayEverywhere(AuditLogRecord) {
		t.Error("an admin of one project is one of all, or a recorder of all is not")
	}
	if nobody := of(); nobody.May(AuditLogList, "acme") || nobody.Sees("acme") {
		t.Error("who was granted nothing may something")
	}
}

// What is kept of a refusal must be bounded, so must be what it can name.
func TestDeniedNamesAreProjects(t *testing.T) {
	p := of(Grant{Viewer, []string{"acme"}})
	for _, name := range []string{strings.Repeat("x", audit.MaxProject+1), "\xff", "_x"} {
		if err := p.Check(AuditLogList, name); audit.KindOf(err) != audit.Invalid {
			t.Errorf("%.20q: %v", name, err)
		}
	}
}
