package server

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// Of what a client has no room for little waits in the system, so that a slow reader is seen to read.
func TestLittleIsUnsent(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := steady{inner}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	raw, err := accepted.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var got int
	var gotErr error
	err = raw.Control(func(fd uintptr) { got, gotErr = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT) })
	if err != nil || gotErr != nil || got != mostUnsent {
		t.Errorf("%d bytes may be unsent, not %d: %v, %v", got, mostUnsent, err, gotErr)
	}
}
