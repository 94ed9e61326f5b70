//go:build unix

package boltkv

import (
	"os"
	"syscall"
)

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
