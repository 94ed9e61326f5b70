package ship

import (
	"errors"
	"os"

	"auditlog/audit"
	"auditlog/filelock"
)

// lockFile makes sure that nobody else has the file at path, for as long as it is open.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err = filelock.Take(f); err == nil {
		return f, nil
	}
	if errors.Is(err, filelock.ErrTaken) {
		err = audit.Errorf(audit.Conflict, "another auditlog ship is at work with it")
	}
	return nil, errors.Join(err, f.Close())
}
