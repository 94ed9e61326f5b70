package auth

import (
	"time"

	"auditlog/allowance"
	"auditlog/audit"
	"auditlog/auth/rights"
)

// Who may do little else can log in again and again, and an admin of some projects make tokens and
// links; each is told of in audit.SystemProject for ever, and a token is in memory for a month. So
// each token and person, and each project, has so much of it at once, and one more each while.
const (
	logInBurst, logInRefill = 60, time.Minute
	grantBurst, grantRefill = 1000, 30 * time.Second
)

// spared is what is left of that.
type spared struct {
	logIns *allowance.Book // by token or person
	grants *allowance.Book // by project
}

func newSpared() spared {
	return spared{logIns: allowance.New(logInBurst, logInRefill), grants: allowance.New(grantBurst, grantRefill)}
}

// spareLogIn returns a *Limited for a log-in too many of a token or person. Admins of all projects have
// as many as they like.
func (k *Keeper) spareLogIn(p *rights.Principal, owner string, now time.Time) error {
	if p.MayEverywhere(rights.TokenCreate) || k.spared.logIns.Take(owner, now) {
		return nil
	}
	return &Limited{After: logInRefill, Why: "too many log-ins: try again later"}
}

// SpareGrant returns a *Limited for whoever gives access to one of some projects, by a token or a link,
// after that was done too often for it: the others lose nothing by that. Admins of all projects do so as
// often as they like.
func (k *Keeper) SpareGrant(p *rights.Principal, projects ...string) error {
	if k.Dev() || p.MayEverywhere(rights.TokenCreate) {
		return nil
	}
	if !k.spared.grants.TakeEach(projects, audit.Truncate(k.opts.Now())) {
		return &Limited{After: grantRefill, Why: "too many tokens and links were made for this project, or one of these: try again later"}
	}
	return nil
}
