//go:build !unix

package file

import "os"

// lock cannot keep others away here.
func lock(*os.File) error { return nil }

// syncDir has nothing to do here: folders cannot be synced.
func syncDir(*os.File) error { return nil }
