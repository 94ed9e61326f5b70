//go:build unix

package cli

import (
	"io/fs"
	"syscall"
)

// othersMayRead reports whether users other than the owner can read or change a file.
func othersMayRead(info fs.FileInfo) bool { return info.Mode().Perm()&0o077 != 0 }

// maxOpenFiles returns how many files and connections this process may have open; 0 when
// that is not known.
func maxOpenFiles() uint64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return uint64(limit.Cur)
}
