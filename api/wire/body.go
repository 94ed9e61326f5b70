package wire

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
	// minRate is how many bytes a second a body must bring on average, beyond
	// Options.Patience.
	minRate = 8 << 10
	// bodyPatience is how many times Options.Patience a body may take in all, or a line
	// of a stream, however steadily it comes.
	bodyPatience = 4
)

// TrimMark returns a text without the byte order mark that some programs put before their UTF-8.
// It is no part of the text.
func TrimMark(b []byte) []byte { return bytes.TrimPrefix(b, []byte("\ufeff")) }

// Holder is what holds memory for a call; *admit.Call is one.
type Holder interface {
	// Take has the call hold so many bytes more, or returns an Unavailable Fault.
	Take(ctx context.Context, n int) error
}

// ReadBody reads the whole body into buf, inflated where it is compressed. It
// returns a TooLarge Fault above limit, an Unavailable one where there is no memory for
// it, and an Invalid one for a body that does not arrive or is not what it says.
func (x *Exchange) ReadBody(buf *Buffer, limit int, held Holder) error {
	if x.Request.ContentLength > int64(limit) {
		return ErrTooLarge(limit)
	}
	r, err := x.Body(limit)
	if err != nil {
		return err
	}
	whole, err := x.Fill(buf, r, limit, held)
	if err == nil && !whole {
		err = ErrTooLarge(limit)
	}
	return err
}

// ErrTooLarge returns the error of a body of more bytes than the limit.
func ErrTooLarge(limit int) error {
	return audit.Errorf(audit.TooLarge, "the body must be at most %d MiB", limit>>20)
}

// Fill reads into buf what r has, up to most bytes and a little more, and reports whether
// that was all. Its memory grows with what has arrived, whatever the header promises.
func (x *Exchange) Fill(buf *Buffer, r io.Reader, most int, held Holder) (whole bool, err error) {
	for {
		if len(buf.B) > most {
			return false, nil
		}
		if len(buf.B) == cap(buf.B) {
			more := min(3*cap(buf.B), most+1-len(buf.B))
			if err := held.Take(x.Request.Context(), more); err != nil {
				return false, err
			}
			buf.B = slices.Grow(buf.B, more)
		}
		n, err := r.Read(buf.B[len(buf.B):cap(buf.B)])
		buf.B = buf.B[:len(buf.B)+n]
		switch {
		case err == io.EOF && len(buf.B) > most:
			return false, nil
		case err == io.EOF:
			buf.B = buf.B[:copy(buf.B, TrimMark(buf.B))]
			return true, nil
		case err != nil:
			return false, x.BodyError(err)
		}
	}
}

// Body returns the request's body as it was before any compression, read with
// deadlines. limit bounds it as it comes over the wire: what inflates to nothing counts.
func (x *Exchange) Body(limit int) (*Body, error) {
	patience := x.wire.opts.Patience
	b := &Body{patient: &patientReader{
		r: x.Request.Body, control: *http.NewResponseController(x.ResponseWriter),
		left: patience, most: patience, limit: int64(limit),
	}}
	b.patient.came = true
	encoding := x.Request.Header.Get("Content-Encoding")
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
		b.Reader = b.patient
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(b.patient)
		if err != nil {
			return nil, x.BodyError(err)
		}
		b.Reader = z
	default:
		return nil, audit.Errorf(audit.Invalid, "Content-Encoding: must be gzip or identity, not %.64q", encoding)
	}
	return b, nil
}

// Body is a request's body on its way in.
type Body struct {
	io.Reader
	patient *patientReader
}

// Progress says that something came of what was read, so that what the body may take in all
// begins anew.
func (b *Body) Progress() { b.patient.came = true }

// BodyError tells the caller what is wrong with a body that cannot be read.
func (x *Exchange) BodyError(err error) error {
	if audit.KindOf(err) != audit.Internal {
		return err
	}
	x.Header().Set("Connection", "close") // what follows on it cannot be told apart
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
// a long one that keeps coming does not, however long the log takes between; but that
// of which nothing comes ends all the same.
type patientReader struct {
	r          io.Reader
	control    http.ResponseController
	left, most time.Duration
	until      time.Time // the end of it all
	n, limit   int64     // bytes that came, and how many may
	came       bool      // something came of them: until and n begin anew
}

func (p *patientReader) Read(b []byte) (int, error) {
	start := time.Now()
	if p.came {
		p.came, p.n, p.until = false, 0, start.Add(bodyPatience*p.most)
	}
	end := start.Add(p.left)
	if p.until.Before(end) {
		end = p.until
	}
	// What has no deadlines, as in a test without a connection, does without.
	_ = p.control.SetReadDeadline(end)
	n, err := p.r.Read(b)
	if err == nil && !time.Now().Before(p.until) {
		err = os.ErrDeadlineExceeded
	}
	if err != nil {
		// One that passes later would end the request while it is being answered.
		_ = p.control.SetReadDeadline(time.Time{})
	}
	p.left = min(p.most, p.left-time.Since(start)+time.Duration(n)*time.Second/minRate)
	if p.n += int64(n); p.n > p.limit && (err == nil || err == io.EOF) {
		return 0, ErrTooLarge(int(p.limit))
	}
	return n, err
}
