package wire

import (
	"context"
	"net"
)

// Listener makes connections of TCP that send a long answer in one piece, where
// net/http would send its first 4 KiB by themselves and so wake the client twice.
// It goes with ConnContext in the http.Server; without the two all is answered as
// well.
type Listener struct{ net.Listener }

// Accept waits for the next connection.
func (l Listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok {
		return &conn{TCPConn: tcp}, err
	}
	return c, err
}

type connKey struct{}

// ConnContext lets the exchanges find the connection of a Listener.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	if c, ok := c.(*conn); ok {
		return context.WithValue(ctx, connKey{}, c)
	}
	return ctx
}

// conn is a connection that can hold back what is written first. It is written to
// by one goroutine alone, that of its requests.
type conn struct {
	*net.TCPConn
	// first takes the next write, and goes out with the one after it. It is nil
	// while nothing is held back.
	first *Buffer
}

// Write writes b, with what is held back before it.
func (c *conn) Write(b []byte) (int, error) {
	switch {
	case c.first == nil:
		return c.TCPConn.Write(b)
	case len(c.first.B) == 0:
		c.first.B = append(c.first.B, b...)
		return len(b), nil
	}
	first := len(c.first.B)
	both := net.Buffers{c.first.B, b}
	c.first = nil
	n, err := both.WriteTo(c.TCPConn)
	return max(0, int(n)-first), err
}

// release writes what is still held back, and holds back nothing more. net/http has
// taken it for written: when it is not, the connection must not be used again.
func (c *conn) release() {
	first := c.first
	if c.first = nil; first == nil {
		return
	}
	if _, err := c.Write(first.B); err != nil {
		_ = c.Close() // as with every answer, who is gone does not get it
	}
}

// keptTogether is up to how many bytes of an answer net/http keeps until they go
// out with the header.
const keptTogether = 2 << 10

// write writes the body of an answer, all that there is. Who is gone gets no
// answer; the log line has the status that was meant.
func (x *Exchange) write(body []byte) {
	c, ok := x.Request.Context().Value(connKey{}).(*conn)
	if !ok || len(body) <= keptTogether {
		_, _ = x.Write(body)
		return
	}
	buf := x.Buffer()
	defer buf.Free()
	c.first = buf
	defer c.release()
	_, _ = x.Write(body)
	x.Flush()
}
