package server

import (
	"net"
	"syscall"
)

// mostUnsent is how many bytes of answers may wait in the system for a connection.
const mostUnsent = 128 << 10

// steady accepts connections for which the system keeps little of what their clients have no room for
// yet. Else it is megabytes, and whoever reads them slowly seems not to read at all for so long.
type steady struct{ net.Listener }

// Accept waits for the next connection.
func (l steady) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if conn, ok := c.(syscall.Conn); ok {
		if raw, err := conn.SyscallConn(); err == nil {
			// What cannot be set, or on another system, is left as it is.
			_ = raw.Control(func(fd uintptr) { _ = boundUnsent(fd, mostUnsent) })
		}
	}
	return c, err
}
