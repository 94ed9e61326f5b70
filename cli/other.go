//go:build !unix

package cli

import "io/fs"

// othersMayRead reports nothing where permissions are not told by a file's mode.
func othersMayRead(fs.FileInfo) bool { return false }

// maxOpenFiles returns 0: there is no such limit to be known.
func maxOpenFiles() uint64 { return 0 }
