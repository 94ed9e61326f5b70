// Package tokenpage says in the words of the page what tokens and sessions are, reads the form of
// a token, and holds the secret of a new one until the page has shown it once. It writes no page
// and changes no token: package console does.
package tokenpage

import (
	"strings"
	"time"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/address"
	"auditlog/auth/rights"
	"auditlog/console/clock"
	"auditlog/console/filter"
)

// SessionRow is a session in the list.
type SessionRow struct {
	auth.Session
	Owner               string
	Began, Seen, Expiry clock.Moment
	// By says what it began with. Own is set on the visitor's.
	By  string
	Own bool
}

// Created is a token whose secret can still be told.
type Created struct {
	Secret string
	Token  auth.Token
	// At is when the secret was made.
	At time.Time
}

// Form is a token as it is asked for.
type Form struct{ Name, Owner, OwnerType, Role, Projects, Addresses, Expires string }

// Row is a token in the list.
type Row struct {
	auth.Token
	Created, Expires, Used, Revoked clock.Moment
	// State is live, expired or revoked.
	State string
	// Own is set on the token that the visitor is logged in with.
	Own bool
}

// NewRow returns a token as the list has it, for a visitor who is logged in with a token, or none.
func NewRow(t auth.Token, own string, at clock.Clock) Row {
	row := Row{
		Token: t, Created: at.Moment(t.CreatedAt), Expires: at.Moment(t.ExpiresAt),
		Used: at.Moment(t.LastUsedAt), Revoked: at.Moment(t.RevokedAt), State: "live", Own: t.ID == own,
	}
	switch {
	case !t.RevokedAt.IsZero():
		row.State = "revoked"
	case !t.ExpiresAt.IsZero() && !at.Now.Before(t.ExpiresAt):
		row.State = "expired"
	}
	return row
}

// Ranges are where calls with the token may come from.
func (r Row) Ranges() (list []string) {
	for _, p := range r.Addresses {
		list = append(list, address.FormatRange(p))
	}
	return list
}

// NewSessionRow returns a session, which is of an owner, as the list has it, for a visitor in a
// session.
func NewSessionRow(s auth.Session, owner, own string, at clock.Clock) SessionRow {
	row := SessionRow{
		Session: s, Owner: owner, Own: s.ID == own, By: "token " + s.TokenID,
		Began: at.Moment(s.BeganAt), Seen: at.Moment(s.SeenAt), Expiry: at.Moment(s.ExpiresAt),
	}
	if s.Person != nil {
		row.By = s.Person.Issuer
	}
	return row
}

// Token reads the form, whose times are of a zone.
func (f Form) Token(zone *time.Location) (auth.Token, error) {
	t := auth.Token{Name: f.Name, Owner: f.Owner, OwnerType: audit.ActorType(f.OwnerType), Role: rights.Role(f.Role)}
	t.Projects = listOf(f.Projects)
	for _, s := range listOf(f.Addresses) {
		p, err := address.ParseRange(s)
		if err != nil {
			return t, audit.AtPath(err, "addresses")
		}
		t.Addresses = append(t.Addresses, p)
	}
	expires, err := filter.ParseBound("expires", f.Expires, zone)
	t.ExpiresAt = expires
	return t, err
}

// listOf returns what is written with commas or spaces between.
func listOf(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' || r == '\t' })
}
