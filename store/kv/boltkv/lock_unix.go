//go:build unix

package boltkv

import (
	"os"
	"syscall"
)

// lock takes the lock by which bbolt keeps other processes out, until the file is closed.
func lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// fileID returns what tells a file from every copy of it.
func fileID(path string) (uint64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Ino)<<16 ^ uint64(st.Dev), nil
	}
	return 0, nil
}
