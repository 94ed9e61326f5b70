//go:build unix

package secret

import "io/fs"

// Loose reports whether users other than the owner can read or change a file.
func Loose(info fs.FileInfo) bool { return info.Mode().Perm()&0o077 != 0 }
