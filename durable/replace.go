package durable

import (
	"errors"
	"os"
	"path/filepath"
)

// Replace makes a file hold content, all of it or what it held before, whatever happens meanwhile,
// and returns once that is so on disk. This user alone may read it. It is written beside the
// file first, which a process that is killed leaves there.
func Replace(path string, content []byte) error {
	folder := filepath.Dir(path)
	f, err := os.CreateTemp(folder, "."+filepath.Base(path)+"-*") // for this user alone
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return SyncNamedDir(folder)
}
