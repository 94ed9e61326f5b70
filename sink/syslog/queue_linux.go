package syslog

import (
	"errors"
	"net"

	"golang.org/x/sys/unix"
)

// unacknowledged returns how many bytes the other system has not said yet to have.
func unacknowledged(c *net.TCPConn) (n int, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	var asked error
	err = raw.Control(func(fd uintptr) { n, asked = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) })
	return n, errors.Join(err, asked)
}
