package client

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"auditlog/audit"
	"auditlog/rpc"
)

// ErrWithheld is what a handler gets that writes a response which the log does
// not have, and which is therefore not sent.
var ErrWithheld = errors.New("the response is withheld: the audit log is unavailable")

// record records e at once. Who called may be gone by now, and is recorded all
// the same.
func (c *recorded) record(e audit.Entry) (rpc.RecordResult, error) {
	timeout := c.m.Timeout
	if timeout <= 0 {
		timeout = 10 * time.Second
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.r.Context()), timeout)
	defer cancel()
	var res rpc.RecordResult
	err := c.m.FailClosed.prepare(&e)
	if err == nil {
		res, err = c.m.FailClosed.Record(ctx, e)
	}
	if err == nil && res.Conflicts > 0 {
		err = audit.ErrKeyTaken(res.Entries[0].ID)
	}
	if err != nil && c.m.OnError != nil {
		c.m.OnError(e, err)
	}
	return res, err
}

// Header returns the response's header, or one that goes nowhere.
func (c *recorded) Header() http.Header {
	if c.withheld {
		return c.header
	}
	return c.w.Header()
}

// WriteHeader sends the status. With FailClosed, informational ones are left out:
// they would carry parts of a response that may yet be withheld.
func (c *recorded) WriteHeader(status int) {
	if status < 200 && status != http.StatusSwitchingProtocols {
		if c.m.FailClosed == nil {
			c.w.WriteHeader(status)
		}
		return
	}
	if c.release(status) {
		c.w.WriteHeader(status)
	}
}

// Write sends a part of the body.
func (c *recorded) Write(b []byte) (int, error) {
	if !c.release(http.StatusOK) {
		return 0, ErrWithheld
	}
	return c.w.Write(b)
}

// ReadFrom sends src as a part of the body, by the shortest way that there is.
func (c *recorded) ReadFrom(src io.Reader) (int64, error) {
	if !c.release(http.StatusOK) {
		return 0, ErrWithheld
	}
	return io.Copy(c.w, src)
}

// FlushError sends what was written so far.
func (c *recorded) FlushError() error {
	if !c.release(http.StatusOK) {
		return ErrWithheld
	}
	return http.NewResponseController(c.w).Flush()
}

// Flush is FlushError for those who ask for an http.Flusher.
func (c *recorded) Flush() { c.FlushError() }

// Hijack hands over the connection.
func (c *recorded) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if !c.release(http.StatusSwitchingProtocols) {
		return nil, nil, ErrWithheld
	}
	return http.NewResponseController(c.w).Hijack()
}

// Unwrap leaves to http.ResponseController what is not of concern here.
func (c *recorded) Unwrap() http.ResponseWriter { return c.w }
