package intake

import (
	"bytes"
	"io"
	"slices"

	"auditlog/api/wire"
	"auditlog/audit"
)

// lineReader reads lines of any number and bounded length.
type lineReader struct {
	body  *wire.Body
	buf   *wire.Buffer
	take  func(n int) error // memory for buf
	start int               // of what is not returned yet
	line  int               // number of the line that next returned last
	blank int               // bytes of empty lines in a row
	ended bool
	full  bool // the last read had no room for more
}

// next returns the next line that is not empty, until next is called again. It
// returns io.EOF after the last one.
func (l *lineReader) next() ([]byte, error) {
	for {
		line, err := l.read()
		if err != nil {
			return nil, err
		}
		if l.line++; l.line == 1 {
			line = wire.TrimMark(line)
		}
		size := len(line) + 1
		if line = bytes.TrimSpace(line); len(line) > 0 {
			l.blank = 0
			return line, nil
		}
		if l.blank += size; l.blank > maxBlank {
			return nil, audit.AtItem(audit.Errorf(audit.Invalid, "too many empty lines"), audit.LineAt(l.line))
		}
	}
}

// read returns the next line, empty or not.
func (l *lineReader) read() ([]byte, error) {
	searched := l.start
	for {
		if i := bytes.IndexByte(l.buf.B[searched:], '\n'); i >= 0 {
			line := l.buf.B[l.start : searched+i]
			l.start = searched + i + 1
			l.body.Progress()
			return line, nil
		}
		rest := len(l.buf.B) - l.start
		if l.ended {
			line := l.buf.B[l.start:]
			l.start = len(l.buf.B)
			if rest == 0 {
				return nil, io.EOF
			}
			return line, nil
		}
		if rest > MaxEntryJSON {
			return nil, &audit.Fault{Kind: audit.TooLarge, Item: audit.LineAt(l.line + 1), Message: entryTooLarge}
		}
		if err := l.fill(); err != nil {
			return nil, err
		}
		searched = l.start + rest
	}
}

// fill reads more behind what is not returned yet, which it moves to the front.
func (l *lineReader) fill() error {
	l.buf.B = l.buf.B[:copy(l.buf.B, l.buf.B[l.start:])]
	l.start = 0
	if len(l.buf.B) == cap(l.buf.B) || l.full && cap(l.buf.B) < readSize {
		more := 3 * cap(l.buf.B)
		if err := l.take(more); err != nil {
			return err
		}
		l.buf.B = slices.Grow(l.buf.B, more)
	}
	n, err := l.body.Read(l.buf.B[len(l.buf.B):cap(l.buf.B)])
	l.buf.B = l.buf.B[:len(l.buf.B)+n]
	l.full = len(l.buf.B) == cap(l.buf.B)
	if err == io.EOF {
		l.ended = true
		return nil
	}
	return err
}

// readSize is up to how much of a stream is read at once, once it comes so fast.
const readSize = 64 << 10
