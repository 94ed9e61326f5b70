package auth

import (
	"slices"
	"strings"

	"auditlog/audit"
	"auditlog/auth/rights"
)

// maxMakers bounds by way of how many tokens another is made. Nobody needs so many; who
// makes more wants the first of them forgotten.
const maxMakers = 16

// checkOwner refuses an owner whose name is not p's to give, and a token made by way of
// too many others. Entries say that a token's owner acted: if an admin of one project
// could name anybody, he could act as anybody. Such a one makes tokens of his own, and of
// service accounts that bear their project's name and that nobody else has. Tokens of
// other people come from admins of all projects, or from log-in.
//
// It returns an Invalid Fault with the path of the field. The caller holds changing.
func (k *Keeper) checkOwner(p *rights.Principal, t *Token) error {
	if len(p.TokenMakers) >= maxMakers {
		return audit.Errorf(audit.Invalid, "this token was made by way of %d others: have another made by one nearer to the first",
			maxMakers)
	}
	return k.mayName(p, t)
}

// mayName returns nil if p may have a token of t's owner, for t's projects.
func (k *Keeper) mayName(p *rights.Principal, t *Token) error {
	if p.MayEverywhere(rights.TokenCreate) || t.Owner == p.Owner && t.OwnerType == p.Type {
		return nil
	}
	name := ""
	ends := func(project string) (ok bool) {
		name, ok = strings.CutSuffix(t.Owner, "@"+project)
		return ok && name != ""
	}
	if t.OwnerType != audit.ServiceAccount || !slices.ContainsFunc(t.Projects, ends) {
		return audit.FieldErrorf("owner", "must be you, or a service account whose name ends in @%s: "+
			"tokens of others are made by admins of all projects", strings.Join(t.Projects, " or @"))
	}
	if strings.Trim(name, plainChars) != "" {
		return audit.FieldErrorf("owner", "must have letters of a to z, digits and .+-_ alone before @: another could look like it")
	}
	if k.ownedElsewhere(p, t.Owner) {
		return audit.FieldErrorf("owner", "is taken")
	}
	return nil
}

// plainChars are those of the names that an admin of some projects gives: of letters that
// look alike, such as those of another alphabet, somebody else's name could be written.
const plainChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-_"

// ownedElsewhere reports whether a name is that of a person, or of a service account
// with a token that is not p's to make. Names that differ in case are the same one to
// whoever reads an entry.
func (k *Keeper) ownedElsewhere(p *rights.Principal, owner string) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	for _, h := range k.tokens {
		if strings.EqualFold(h.Owner, owner) &&
			(h.OwnerType != audit.ServiceAccount || h.Owner != owner || !p.Covers(rights.TokenCreate, h.Projects)) {
			return true
		}
	}
	return false
}

// ruled returns a principal with what the log's configuration lets it do beside its role.
func (k *Keeper) ruled(p rights.Principal) rights.Principal {
	p.DeletesOwn = k.opts.ProjectAdminsDelete
	return p
}

// madeBy adds who gave h another secret to those by way of which it was made: that one
// can act with it.
func (h *held) madeBy(p *rights.Principal) {
	chain := p.Chain()
	if len(chain) == 0 || p.TokenID == h.ID || slices.Contains(h.Makers, chain[0]) {
		return
	}
	h.Makers = append([]string{chain[0]}, h.Makers...)
	h.principal.TokenMakers = h.Makers
}

// denialOf returns the project of a refusal that concerns some.
func denialOf(projects []string) string {
	if len(projects) == 1 {
		return projects[0]
	}
	return ""
}
