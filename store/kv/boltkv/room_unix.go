//go:build unix

package boltkv

import "golang.org/x/sys/unix"

// hasRoom reports whether there is so much address space left. It takes the space for an instant,
// in which nothing is done that needs memory.
func hasRoom(size int) bool {
	at, err := unix.MmapPtr(-1, 0, nil, uintptr(size), unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON)
	return err == nil && unix.MunmapPtr(at, uintptr(size)) == nil
}
