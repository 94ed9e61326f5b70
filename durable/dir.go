package durable

import (
	"errors"
	"io/fs"
	"syscall"
)

// SyncNamedDir is SyncDir for a folder that a person has named. One that may be written and not
// read, or whose file system does not sync folders, is no error: there is nothing more to do.
func SyncNamedDir(dir string) error {
	err := SyncDir(dir)
	var path *fs.PathError
	if errors.As(err, &path) && path.Op == "open" || errors.Is(err, syscall.EINVAL) {
		return nil
	}
	return err
}
