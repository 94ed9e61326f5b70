//go:build unix

package place

import (
	"errors"
	"os"
	"syscall"

	"auditlog/audit"
)

// lock takes the lock on a file, which ends with the process at the latest.
func lock(path string) (release func(), alone bool, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, false, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case err == nil:
		return func() { _ = f.Close() }, true, nil
	case errors.Is(err, syscall.EWOULDBLOCK):
		err = audit.Errorf(audit.Conflict, "another backup or prune is at work there")
	case errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.ENOLCK):
		// A file system without locks, as some of networks are.
		return func() { _ = f.Close() }, false, nil
	}
	return nil, false, errors.Join(err, f.Close())
}
