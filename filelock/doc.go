// Package filelock keeps other processes away from a file that one has open.
//
// It stands on the standard library alone, and anybody who keeps files may call it. The lock is
// advisory: it keeps away who takes it too. It ends when the file is closed, and so with the
// process at the latest; the file stays, for who removed one would remove that of the next.
package filelock

import "errors"

// ErrTaken says that another has the lock.
var ErrTaken = errors.New("another process has it")
