package auth

import (
	"cmp"
	"time"

	"auditlog/audit"
)

// Limited is the error of a call without a valid token from where too many such
// came, or of one that does too often what stays for ever: a RateLimited Fault.
type Limited struct {
	// After is when the next call is answered again.
	After time.Duration
	// Why says what there was too much of. Default: calls without a valid token.
	Why string
}

// Error says what a caller can do.
func (l *Limited) Error() string {
	return cmp.Or(l.Why, "too many calls without a valid token: try again later")
}

// Unwrap returns the Fault that the caller is answered with.
func (l *Limited) Unwrap() error {
	return &audit.Fault{Kind: audit.RateLimited, Message: l.Error()}
}

// RetryAfter returns After, for whoever sets a Retry-After header.
func (l *Limited) RetryAfter() time.Duration { return l.After }
