package index

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// asideSuffix and a time stand behind the name of a damaged index's folder, which
// is kept for whoever wants to know what happened to it.
const asideSuffix = ".broken-"

// moveAside renames the folder of a damaged index, and removes the one that was
// damaged before.
func moveAside(dir string) error {
	if err := removeAside(dir); err != nil {
		return err
	}
	err := os.Rename(dir, dir+asideSuffix+time.Now().UTC().Format("20060102T150405"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// removeAside removes the damaged index, if there is one.
func removeAside(dir string) error {
	paths, err := filepath.Glob(dir + asideSuffix + "*")
	if err != nil {
		return err
	}
	for _, path := range paths {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("remove damaged index: %w", err)
		}
	}
	return nil
}

// isUnreadable reports whether err says that a disk fails, or is not there, which tells
// nothing of what is on it.
func isUnreadable(err error) bool {
	for _, e := range []error{syscall.EIO, syscall.EROFS, syscall.ENXIO, syscall.ENODEV, syscall.ESTALE, syscall.ETIMEDOUT} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// isOutOfResources reports whether err says that the machine, not the files, is in
// trouble.
func isOutOfResources(err error) bool {
	for _, e := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
