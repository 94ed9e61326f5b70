package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"auditlog/audit"
)

const (
	// maxRequest bounds the body of every method but auditLog.record.
	maxRequest = 1 << 20
	// largeBody is from where on a body needs one of the slots for large ones.
	largeBody = 1 << 20
	// largeBodies is how many large bodies are in memory at once, each of which takes
	// up to about 100 MiB until it is committed.
	largeBodies = 4
	// minRate is how many bytes a second a body must bring on average, beyond
	// Options.Patience.
	minRate = 8 << 10
)

// byteOrderMark is what some programs put before their UTF-8. It is no part of the text.
var byteOrderMark = []byte("\ufeff")

// readBody reads the whole body into buf, inflated where it is compressed. It
// returns a TooLarge Fault above limit, and an Invalid one for a body that does
// not arrive or is not what it says.
func (c *call) readBody(buf *buffer, limit int) error {
	r, err := c.body()
	if err != nil {
		return err
	}
	if c.r.ContentLength > int64(limit) {
		return errTooLarge(limit)
	}
	if n := int(c.r.ContentLength); n > 0 && n < largeBody {
		buf.b = slices.Grow(buf.b, n+1)
	}
	for {
		if len(buf.b) == cap(buf.b) {
			if err := c.grow(buf, limit); err != nil {
				return err
			}
		}
		n, err := r.Read(buf.b[len(buf.b):cap(buf.b)])
		buf.b = buf.b[:len(buf.b)+n]
		switch {
		case len(buf.b) > limit:
			return errTooLarge(limit)
		case err == io.EOF:
			buf.b = buf.b[:copy(buf.b, bytes.TrimPrefix(buf.b, byteOrderMark))]
			return nil
		case err != nil:
			return c.bodyError(err)
		}
	}
}

func errTooLarge(limit int) error {
	return audit.Errorf(audit.TooLarge, "the body must be at most %d MiB", limit>>20)
}

// grow makes room in buf: twice as much, or all that a large body needs. A body
// that turns out to be large waits for its slot, which the call gives back when it
// ends; there is none for whoever may not make the call on any project, so that
// reading on would be in vain.
func (c *call) grow(buf *buffer, limit int) error {
	if cap(buf.b) >= largeBody && !c.large {
		if err := c.authorize(""); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(c.r.Context(), c.opts.Patience)
		defer cancel()
		if c.largeSlots.Acquire(ctx, 1) != nil {
			return audit.Errorf(audit.Unavailable, "too many large requests at once")
		}
		c.large = true
	}
	more := cap(buf.b)
	if c.large {
		more = max(more, int(c.r.ContentLength)+1-len(buf.b)) // all that is to come
	}
	buf.b = slices.Grow(buf.b, min(more, limit+1-len(buf.b)))
	return nil
}

// body returns the request's body as it was before any compression, read with
// deadlines.
func (c *call) body() (io.Reader, error) {
	patient := &patientReader{
		r: c.r.Body, control: *http.NewResponseController(c.w.ResponseWriter),
		left: c.opts.Patience, most: c.opts.Patience,
	}
	encoding := c.r.Header.Get("Content-Encoding")
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
		return patient, nil
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(patient)
		if err != nil {
			return nil, c.bodyError(err)
		}
		return z, nil
	default:
		return nil, audit.Errorf(audit.Invalid, "Content-Encoding: must be gzip or identity, not %.64q", encoding)
	}
}

// bodyError tells the caller what is wrong with a body that cannot be read.
func (c *call) bodyError(err error) error {
	if audit.KindOf(err) != audit.Internal {
		return err
	}
	c.w.Header().Set("Connection", "close") // what follows on it cannot be told apart
	message := "the body cannot be read"
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		message = "the body arrives too slowly"
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum):
		message = "the body is not the gzip that Content-Encoding says"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		message = "the body ends too early"
	}
	return fmt.Errorf("read body: %w: %w", audit.Errorf(audit.Invalid, "%s", message), err)
}

// patientReader reads a connection that must not be silent for long: time spent
// waiting counts, and every byte buys some. So a body that trickles in ends, and
// a long one that keeps coming does not, however long the log takes between.
type patientReader struct {
	r          io.Reader
	control    http.ResponseController
	left, most time.Duration
}

func (p *patientReader) Read(b []byte) (int, error) {
	start := time.Now()
	// What has no deadlines, as in a test without a connection, does without.
	_ = p.control.SetReadDeadline(start.Add(p.left))
	n, err := p.r.Read(b)
	if err != nil {
		// One that passes later would end the request while it is being answered.
		_ = p.control.SetReadDeadline(time.Time{})
	}
	p.left = min(p.most, p.left-time.Since(start)+time.Duration(n)*time.Second/minRate)
	return n, err
}
