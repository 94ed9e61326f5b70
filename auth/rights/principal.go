package rights

import (
	"cmp"
	"slices"
	"strings"

	"auditlog/audit"
)

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
	// way of which it was made: see Chain.
	TokenCreatedBy string
	TokenMakers    []string
	// DeletesOwn lets an admin of some projects delete those; by the configuration of the log.
	DeletesOwn bool
	// SessionID names the session that it acts in, if any.
	SessionID string
	// Identity names a person who logged in at an identity provider.
	Identity string
}

// RecordedBy returns what the entries that p records bear: the person, or the token.
func (p *Principal) RecordedBy() string { return cmp.Or(p.Identity, p.TokenID) }

// Chain returns by way of which tokens one is made that p makes: p's own token, or the mark of
// a person who is logged in, and the tokens by way of which that one was made.
func (p *Principal) Chain() []string {
	by := p.RecordedBy()
	if by == "" {
		return nil
	}
	return append([]string{by + " " + p.Owner}, p.TokenMakers...)
}

// SecondPerson reports whether p is somebody else than who gave an order by way of the
// tokens in its chain: not of the same name, not with a token that one of those made, and
// not with one that made one of those. Two who have their tokens from the same third are.
func (p *Principal) SecondPerson(by string, order []string) bool {
	if strings.EqualFold(p.Owner, by) || len(order) == 0 {
		return false
	}
	mine := p.Chain()
	return len(mine) > 0 && !slices.Contains(mine, order[0]) && !slices.Contains(order, mine[0])
}

// Dev is the principal of every call in development mode, where no tokens are
// needed.
func Dev() Principal {
	return Principal{Owner: "dev@localhost", Type: audit.User, Grants: []Grant{{Role: Admin}}, TokenID: audit.RecordedByDev}
}

// May reports whether p has a permission on a project. The project is empty for
// calls that concern no single one.
func (p *Principal) May(permission Permission, project string) bool {
	return slices.ContainsFunc(p.Grants, func(g Grant) bool {
		return g.Role.may(permission) && (g.Everywhere() || !permission.wholeLog() || permission.deletes() && p.DeletesOwn) &&
			(project == "" || g.reaches(permission, project))
	})
}

// MayEverywhere reports whether p has a permission on all projects, those to come
// included.
func (p *Principal) MayEverywhere(permission Permission) bool {
	return slices.ContainsFunc(p.Grants, func(g Grant) bool { return g.Role.may(permission) && g.Everywhere() })
}

// Reach returns the projects that p has a permission on, one of a project's own.
func (p *Principal) Reach(permission Permission) audit.Scope {
	var names []string
	all := false
	for _, g := range p.Grants {
		if g.Role.may(permission) {
			all = all || g.Everywhere()
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

// Sees reports whether p may know that there is a project of that name.
func (p *Principal) Sees(project string) bool {
	return slices.ContainsFunc(p.Grants, func(g Grant) bool { return g.reaches(ProjectGet, project) })
}

// Covers reports whether p has a permission on all that a token for the given
// projects is for.
func (p *Principal) Covers(permission Permission, projects []string) bool {
	if len(projects) == 0 {
		return p.MayEverywhere(permission)
	}
	outside := func(name string) bool { return !p.May(permission, name) }
	return !slices.ContainsFunc(projects, outside)
}
