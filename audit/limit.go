package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Limit bounds how much each project, or each token, may record. What it counts in bytes are
// entries as they are stored, before they are compressed.
type Limit struct {
	// Name is what whoever is refused is told, and what the log's own entry has of it.
	Name string
	// Each is "project" or "token": each of them has the limit for itself.
	Each string
	// Only names those that it is for, a project's name or a token's id, exact or with a
	// * at the end; all when empty.
	Only []string
	// EntriesPerSecond is how many entries each may record for long; in one go, as many as
	// of one second, or one batch of any size, which has to be made up for. BytesPerDay is
	// for a day of UTC, and Bytes for all that is kept. 0 is no bound.
	EntriesPerSecond, BytesPerDay, Bytes int64
}

// What a Limit may be for each of.
const (
	EachProject = "project"
	EachToken   = "token"
)

// Check returns what is wrong with l, as an Invalid Fault whose path is the name of the setting.
func (l *Limit) Check() error {
	switch {
	case l.Name == "":
		return FieldErrorf("name", "is required: it is what those who are refused are told")
	case len(l.Name) > 64 || strings.ContainsFunc(l.Name, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }):
		return FieldErrorf("name", "must be one word of at most 64 printable ASCII characters")
	case l.Each != EachProject && l.Each != EachToken:
		return FieldErrorf("each", "must be project or token")
	case l.EntriesPerSecond < 0:
		return FieldErrorf("entries-per-second", "must not be less than 0")
	}
	for _, only := range l.Only {
		if only == "" || strings.Contains(strings.TrimSuffix(only, "*"), "*") {
			return FieldErrorf("only", "%q is neither a name nor the beginning of names and a *", only)
		}
	}
	if l.EntriesPerSecond == 0 && l.BytesPerDay == 0 && l.Bytes == 0 {
		return FieldErrorf("name", "%s bounds nothing: set entries-per-second, bytes-per-day or bytes", l.Name)
	}
	return nil
}

// Holds reports whether l is for the project, or the token, with a name.
func (l *Limit) Holds(name string) bool {
	return len(l.Only) == 0 || slices.ContainsFunc(l.Only, func(only string) bool {
		begin, open := strings.CutSuffix(only, "*")
		return name == only || open && strings.HasPrefix(name, begin)
	})
}

// The amounts that a Limit bounds, as its settings are called.
const (
	AmountPerSecond = "entries-per-second"
	AmountPerDay    = "bytes-per-day"
	AmountInAll     = "bytes"
)

// Exceeded is the error of recording what a Limit does not allow: a RateLimited Fault.
type Exceeded struct {
	Limit Limit
	// Amount is which of its bounds.
	Amount string
	// Name is the project or the token whose limit it is.
	Name string
	// After is when the same may be recorded, if that is known: never shorter.
	After time.Duration
}

// Error says what is bounded, and how far.
func (e *Exceeded) Error() string {
	most := ""
	switch e.Amount {
	case AmountPerSecond:
		most = fmt.Sprintf("%d entries a second", e.Limit.EntriesPerSecond)
	case AmountPerDay:
		most = fmt.Sprintf("%d bytes a day (UTC)", e.Limit.BytesPerDay)
	case AmountInAll:
		most = fmt.Sprintf("%d bytes in all", e.Limit.Bytes)
	}
	return fmt.Sprintf("the limit %q of this log lets %s %s record %s; nothing was stored", e.Limit.Name, e.Limit.Each, e.Name, most)
}

// Unwrap returns the Fault that the caller is answered with.
func (e *Exceeded) Unwrap() error { return &Fault{Kind: RateLimited, Message: e.Error()} }

// RetryAfter returns After, for whoever sets a Retry-After header.
func (e *Exceeded) RetryAfter() time.Duration { return e.After }

// Congestion tells how those stand who record, for whoever watches over a log.
type Congestion struct {
	// WaitingCalls and WaitingEntries wait to be committed; HeldCalls of them wait because a
	// project or a token has its share of the tail, or the tail is full.
	WaitingCalls, WaitingEntries, HeldCalls int
	// TailBytes is the size of what is committed and in no block yet.
	TailBytes int
	// ProjectShare and TokenShare are how much of its share the one has that has most: 1
	// is all of it, and whoever has it waits.
	ProjectShare, TokenShare float64
	// Stepwise counts the projects whose late entries are sealed by steps.
	Stepwise int
}
