package oidc

import (
	"slices"
	"strings"

	"auditlog/audit"
	"auditlog/auth/rights"
)

// Rule grants a role to those whom it names: exactly one of Group, Email and
// Everyone is set.
type Rule struct {
	// Group is one that the provider puts people into.
	Group string
	// Email is a person's, or a domain's that begins with @.
	Email string
	// Everyone is all whom the provider vouches for.
	Everyone bool
	// Grant is what they may.
	Grant rights.Grant
}

// Check returns what is wrong with a rule, as an Invalid Fault.
func (r *Rule) Check() error {
	named := 0
	for _, is := range []bool{r.Group != "", r.Email != "", r.Everyone} {
		if is {
			named++
		}
	}
	if named != 1 {
		return audit.Errorf(audit.Invalid, "must name one of group, email and everyone")
	}
	return r.Grant.Check()
}

func (r *Rule) meets(email string, groups []string) bool {
	switch {
	case r.Everyone:
		return true
	case r.Group != "":
		return slices.Contains(groups, r.Group)
	case strings.HasPrefix(r.Email, "@"):
		at := strings.LastIndexByte(email, '@')
		return at >= 0 && strings.EqualFold(email[at:], r.Email)
	}
	return strings.EqualFold(email, r.Email)
}

// grants returns what somebody may: one grant a role, over all the projects that
// the rules give it on.
func (p *Provider) grants(email string, groups []string) []rights.Grant {
	byRole := make(map[rights.Role]*rights.Grant)
	var roles []rights.Role
	for _, r := range p.opts.Rules {
		if !r.meets(email, groups) {
			continue
		}
		g := byRole[r.Grant.Role]
		switch {
		case g == nil:
			g = &rights.Grant{Role: r.Grant.Role, Projects: slices.Clone(r.Grant.Projects)}
			byRole[g.Role], roles = g, append(roles, g.Role)
		case len(r.Grant.Projects) == 0 || len(g.Projects) == 0:
			g.Projects = nil
		default:
			g.Projects = append(g.Projects, r.Grant.Projects...)
		}
	}
	slices.Sort(roles)
	grants := make([]rights.Grant, 0, len(roles))
	for _, role := range roles {
		g := byRole[role]
		slices.Sort(g.Projects)
		g.Projects = slices.Compact(g.Projects)
		grants = append(grants, *g)
	}
	return grants
}
