//go:build unix

package filelock

import (
	"errors"
	"os"
	"syscall"
)

// Take takes the lock on a file that is open, without waiting for it: where another has it, the
// error has ErrTaken in its chain. held is false where there are no locks, as some file systems of
// networks have none.
func Take(f *os.File) (held bool, err error) {
	switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case err == nil:
		return true, nil
	case errors.Is(err, syscall.EWOULDBLOCK):
		return false, ErrTaken
	case errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.ENOLCK):
		return false, nil
	default:
		return false, &os.PathError{Op: "lock", Path: f.Name(), Err: err}
	}
}
