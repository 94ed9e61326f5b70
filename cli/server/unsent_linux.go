package server

import "syscall"

// notSentLowAt is TCP_NOTSENT_LOWAT, which package syscall does not have.
const notSentLowAt = 25

// boundUnsent has at most so many bytes wait in the system that were not sent yet.
func boundUnsent(fd uintptr, bytes int) error {
	return syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, notSentLowAt, bytes)
}
