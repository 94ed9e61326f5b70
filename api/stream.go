package api

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/rpc"
)

const (
	// chunkEntries and chunkBytes bound what of a stream is committed at once.
	chunkEntries = 1000
	chunkBytes   = 1 << 20
	// maxBlank bounds the empty lines in a row, of which a few bytes of gzip
	// could make any number.
	maxBlank = 1 << 20
	// streamSilence bounds what a stream brings, as it comes over the wire, without a line.
	streamSilence = 2 * maxEntryJSON
)

// stream is an NDJSON body on its way into the log, chunk by chunk.
type stream struct {
	*call
	turn    *admit.Turn
	entries []*audit.Entry
	lines   []int // of the entries
	size    int   // of their JSON
	taken   int   // of the call's memory, for them
	sum     rpc.RecordResult
}

// recordStream records a stream of any length. What comes before the first chunk
// with a fault is in the log, and the answer says how much that is.
func (c *call) recordStream() error {
	body, err := c.body(streamSilence)
	if err != nil {
		return err
	}
	buf := c.buffers.get()
	defer c.buffers.put(buf)
	s := &stream{call: c}
	err = admit.Work(admit.In(c.r.Context(), c.admitted), func(ctx context.Context) error {
		s.turn = admit.TurnOf(ctx)
		body.Reader = &yielding{body.Reader, s.turn}
		return s.copy(&lineReader{body: body, buf: buf, take: s.take})
	})
	if err != nil {
		return &partial{err: err, done: s.sum}
	}
	buf.b = appendRecorded(buf.b[:0], &s.sum)
	c.send(c.w, c.r, http.StatusOK, buf.b)
	return nil
}

// yielding is a body that lets others have their turn while it is waited for.
type yielding struct {
	io.Reader
	turn *admit.Turn
}

func (y *yielding) Read(b []byte) (n int, err error) {
	paused := y.turn.Pause(func() error {
		if n, err = y.Reader.Read(b); err == io.EOF {
			return nil
		}
		return err
	})
	if paused != nil {
		return n, paused
	}
	return n, err
}

// take is call.take, and lets others have their turn while there is no room.
func (s *stream) take(n int) error {
	return s.turn.Pause(func() error { return s.call.take(n) })
}

// partial is the error of a stream of which some is in the log.
type partial struct {
	err  error
	done rpc.RecordResult
}

func (p *partial) Error() string { return p.err.Error() }
func (p *partial) Unwrap() error { return p.err }

// copy records every line. Entries before a line that is at fault but in the
// same chunk are not recorded.
func (s *stream) copy(lines *lineReader) error {
	for {
		line, err := lines.next()
		if err == io.EOF {
			return s.commit()
		}
		if err != nil {
			return s.bodyError(err)
		}
		if err := s.turn.Step(); err != nil {
			return err
		}
		e, err := s.readEntry(line)
		if err != nil {
			return audit.AtItem(err, audit.LineAt(lines.line))
		}
		s.entries = append(s.entries, e)
		s.lines = append(s.lines, lines.line)
		if err := s.weigh(len(line)); err != nil {
			return err
		}
		if len(s.entries) == chunkEntries || s.size >= chunkBytes {
			if err := s.commit(); err != nil {
				return err
			}
		}
	}
}

// weigh adds a line to the chunk, and takes the memory for it, some of it at once.
func (s *stream) weigh(line int) error {
	s.size += line
	weight := entryFactor*s.size + entryWeight*len(s.entries)
	if weight-s.taken < takeEvery {
		return nil
	}
	more := weight - s.taken
	s.taken = weight
	return s.take(more)
}

// commit records the chunk and begins the next.
func (s *stream) commit() error {
	var result *rpc.RecordResult
	err := s.turn.Pause(func() (err error) {
		result, err = s.recordBatch(s.entries)
		return err
	})
	if result == nil {
		return audit.MoveItem(err, func(i int) audit.Item { return audit.LineAt(s.lines[i]) })
	}
	for i, r := range result.Entries {
		if r.Conflict && len(s.sum.ConflictLines)+len(result.ConflictLines) < rpc.MaxConflictLines {
			result.ConflictLines = append(result.ConflictLines, rpc.ConflictLine{Line: s.lines[i], ID: r.ID})
		}
	}
	result.Entries = nil // a stream may be too long to answer for each
	s.sum.Add(*result)
	// The store keeps the entries, not the slice.
	clear(s.entries)
	s.entries, s.lines, s.size = s.entries[:0], s.lines[:0], 0
	s.admitted.Give(s.taken)
	s.taken = 0
	return err
}

// lineReader reads lines of any number and bounded length.
type lineReader struct {
	body  *body
	buf   *buffer
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
			line = bytes.TrimPrefix(line, byteOrderMark)
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
		if i := bytes.IndexByte(l.buf.b[searched:], '\n'); i >= 0 {
			line := l.buf.b[l.start : searched+i]
			l.start = searched + i + 1
			l.body.progress()
			return line, nil
		}
		rest := len(l.buf.b) - l.start
		if l.ended {
			line := l.buf.b[l.start:]
			l.start = len(l.buf.b)
			if rest == 0 {
				return nil, io.EOF
			}
			return line, nil
		}
		if rest > maxEntryJSON {
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
	l.buf.b = l.buf.b[:copy(l.buf.b, l.buf.b[l.start:])]
	l.start = 0
	if len(l.buf.b) == cap(l.buf.b) || l.full && cap(l.buf.b) < readSize {
		more := 3 * cap(l.buf.b)
		if err := l.take(more); err != nil {
			return err
		}
		l.buf.b = slices.Grow(l.buf.b, more)
	}
	n, err := l.body.Read(l.buf.b[len(l.buf.b):cap(l.buf.b)])
	l.buf.b = l.buf.b[:len(l.buf.b)+n]
	l.full = len(l.buf.b) == cap(l.buf.b)
	if err == io.EOF {
		l.ended = true
		return nil
	}
	return err
}

// readSize is up to how much of a stream is read at once, once it comes so fast.
const readSize = 64 << 10
