//go:build unix

package ship

import (
	"errors"
	"os"
	"syscall"

	"auditlog/audit"
)

// lockFile makes sure that nobody else has the file at path, for as long as it is open. The file
// stays, for who removed one would remove that of the next.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return nil, errors.Join(audit.Errorf(audit.Conflict, "another auditlog ship is at work with it"), f.Close())
	case err != nil && !errors.Is(err, syscall.ENOTSUP) && !errors.Is(err, syscall.ENOLCK): // some networks' file systems have none
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
