package filelock

import (
	"errors"
	"os"
)

// Open opens a file that is there to be locked, and makes it if need be, for this user alone, with the
// lock on it: see Take. Where that fails nothing stays open.
func Open(path string) (f *os.File, held bool, err error) {
	f, err = os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, false, err
	}
	if held, err = Take(f); err != nil {
		return nil, false, errors.Join(err, f.Close())
	}
	return f, held, nil
}
