//go:build unix

package file

import (
	"errors"
	"os"
	"syscall"

	"auditlog/audit"
)

// lock keeps other destinations away from a file for as long as it is open.
func lock(f *os.File) error {
	switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return audit.Errorf(audit.Conflict, "another sink writes to it")
	case errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.ENOLCK):
		return nil // a file system without locks, as some of networks are
	default:
		return err
	}
}

func syncDir(d *os.File) error { return d.Sync() }
