//go:build !unix

package cli

import "io/fs"

// othersMayRead reports nothing where permissions are not told by a file's mode.
func othersMayRead(fs.FileInfo) bool { return false }
