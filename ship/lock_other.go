//go:build !unix

package ship

import "os"

// lockFile cannot keep others away here.
func lockFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
}

// syncDir has nothing to do here: folders cannot be synced.
func syncDir(string) error { return nil }
