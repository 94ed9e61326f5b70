//go:build !unix

package file

import "os"

// syncDir has nothing to do here: folders cannot be synced.
func syncDir(*os.File) error { return nil }
