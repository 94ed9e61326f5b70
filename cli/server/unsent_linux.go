package server

import "golang.org/x/sys/unix"

// boundUnsent has at most so many bytes wait in the system that were not sent yet.
func boundUnsent(fd uintptr, bytes int) error {
	return unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, bytes)
}
