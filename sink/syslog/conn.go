package syslog

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"
)

// conn is a connection for one batch.
//
// That the other side has read all of it is known by how the connection ends. A system that
// closes a connection on which something came that was not read, or comes still, resets
// it; one that closes it when everything was read ends it in order. This side says that it has
// no more only once the other system has everything, so that an end in order which was under way
// before is not taken for one that answers.
type conn struct {
	net.Conn
	tcp *net.TCPConn // beneath
}

func (s *syslog) dial(ctx context.Context) (*conn, error) {
	c, err := s.connect(ctx, "tcp", s.address)
	if err != nil {
		return nil, err
	}
	tcp := c.(*net.TCPConn)
	if s.trust == nil {
		return &conn{c, tcp}, nil
	}
	secure := tls.Client(c, s.trust)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = c.Close()
		return nil, err
	}
	return &conn{secure, tcp}, nil
}

// end says that this side has no more.
func (c *conn) end() error {
	if secure, ok := c.Conn.(*tls.Conn); ok {
		if err := secure.CloseWrite(); err != nil {
			return err
		}
	}
	return c.tcp.CloseWrite()
}

// listen returns once the other side has ended the connection, with nil if that was in order.
func (c *conn) listen() error {
	_, err := io.Copy(io.Discard, c.Conn)
	if err == nil && c.Conn != net.Conn(c.tcp) {
		// TLS was ended in order, which says nothing of what it was not read to.
		_, err = io.Copy(io.Discard, c.tcp)
	}
	return err
}

// errEarly is that the other side did not want to hear it all.
var errEarly = errors.New("the server closed the connection in the middle of a batch")

// send writes a batch and, unless nobody is to confirm it, waits until the other side has
// read to its end. The goroutine that listens ends with the connection at the latest.
func (s *syslog) send(ctx context.Context, c *conn, body []byte) error {
	if !s.confirm {
		_, err := c.Write(body)
		return cmp.Or(err, c.end())
	}
	ended := make(chan error, 1)
	go func() { ended <- c.listen() }()
	if _, err := c.Write(body); err != nil {
		// What the other side said as it closed tells more, such as that it trusts nobody here.
		return cmp.Or(<-ended, err)
	}
	if err := c.arrived(ctx, ended); err != nil {
		return err
	}
	if err := c.end(); err != nil {
		return err
	}
	return <-ended
}

// arrived returns nil once the other system has all that was written, and an error if the other
// side has ended the connection before.
func (c *conn) arrived(ctx context.Context, ended <-chan error) error {
	for pause := time.Duration(0); ; pause = min(2*pause+time.Millisecond, 50*time.Millisecond) {
		select {
		case err := <-ended:
			return cmp.Or(err, errEarly)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		left, err := unacknowledged(c.tcp)
		if err != nil {
			return err
		}
		if left == 0 {
			break
		}
	}
	select {
	case err := <-ended:
		return cmp.Or(err, errEarly)
	default:
		return nil
	}
}
