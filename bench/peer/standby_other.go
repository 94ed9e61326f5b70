//go:build !linux

package peer

// NewPostgresStandby is not there: the servers are made for tests, which are of Linux.
func NewPostgresStandby(string) (Log, error) { return nil, ErrNotInstalled }

// NewShared is not there either.
func NewShared(_, _ string) (Log, error) { return nil, ErrNotInstalled }
