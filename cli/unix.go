//go:build unix

package cli

import "io/fs"

// othersMayRead reports whether users other than the owner can read or change a file.
func othersMayRead(info fs.FileInfo) bool { return info.Mode().Perm()&0o077 != 0 }
