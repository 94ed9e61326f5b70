//go:build unix

package durable

import (
	"errors"
	"fmt"
	"os"
)

// SyncDir returns once what was made, renamed and removed in a folder is so on disk.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync folder %s: %w", dir, err)
	}
	return nil
}
