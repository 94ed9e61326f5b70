package audit

import "context"

type standingKey struct{}

// WithStanding returns a context for Record of a caller who was known by what this node of the log
// knew: standing is asked, when everything counts that other nodes have done before the commit,
// whether that still holds. It must neither wait nor call the log.
func WithStanding(ctx context.Context, standing func() error) context.Context {
	return context.WithValue(ctx, standingKey{}, standing)
}

// StandingOf returns what WithStanding was given, or nil.
func StandingOf(ctx context.Context) func() error {
	standing, _ := ctx.Value(standingKey{}).(func() error)
	return standing
}
