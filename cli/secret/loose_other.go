//go:build !unix

package secret

import "io/fs"

// Loose reports nothing where permissions are not told by a file's mode.
func Loose(fs.FileInfo) bool { return false }
