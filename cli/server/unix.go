//go:build unix

package server

import "syscall"

// MaxOpenFiles returns how many files and connections this process may have open; 0 when
// that is not known.
func MaxOpenFiles() uint64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return uint64(limit.Cur)
}
