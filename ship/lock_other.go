//go:build !unix

package ship

import "os"

// lockFile cannot keep others away here.
func lockFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
}
