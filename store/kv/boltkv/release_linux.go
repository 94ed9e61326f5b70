package boltkv

import (
	"fmt"
	"syscall"
)

// releaseMap drops pages of a map of a file from the process's memory. What is
// read next comes from the system's cache of the file, or from the file.
func releaseMap(address, size uintptr) error {
	if _, _, errno := syscall.Syscall(syscall.SYS_MADVISE, address, size, syscall.MADV_DONTNEED); errno != 0 {
		return fmt.Errorf("release the map of the database: %w", errno)
	}
	return nil
}
