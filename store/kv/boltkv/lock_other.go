//go:build !unix

package boltkv

import "os"

// lock does nothing: a file is opened by one process at a time for writing there.
func lock(*os.File) error { return nil }
