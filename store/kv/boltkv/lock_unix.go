//go:build unix

package boltkv

import (
	"os"
	"syscall"
)

// lock takes the lock by which bbolt keeps other processes out, until the file is closed.
func lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }
