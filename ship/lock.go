package ship

import (
	"errors"
	"os"

	"auditlog/audit"
	"auditlog/filelock"
)

// lockFile makes sure that nobody else has the file at path, for as long as it is open.
func lockFile(path string) (*os.File, error) {
	f, _, err := filelock.Open(path)
	if errors.Is(err, filelock.ErrTaken) {
		err = audit.Errorf(audit.Conflict, "another auditlog ship is at work with it")
	}
	return f, err
}
