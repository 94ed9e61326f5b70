package intake

import (
	"context"
	"io"

	"auditlog/admit"
	"auditlog/api/wire"
	"auditlog/audit"
	"auditlog/rpc"
)

const (
	// ChunkEntries and chunkBytes bound what of a stream is committed at once.
	ChunkEntries = 1000
	chunkBytes   = 1 << 20
	// maxBlank bounds the empty lines in a row, of which a few bytes of gzip
	// could make any number.
	maxBlank = 1 << 20
	// streamSilence bounds what a stream brings, as it comes over the wire, without a line.
	streamSilence = 2 * MaxEntryJSON
)

// stream is an NDJSON body on its way into the log, chunk by chunk.
type stream struct {
	*Call
	reader  *Reader
	record  func([]*audit.Entry) (*rpc.RecordResult, error)
	turn    *admit.Turn
	entries []*audit.Entry
	lines   []int // of the entries
	size    int   // of their JSON
	taken   int   // of the call's memory, for them
	sum     rpc.RecordResult
}

// Stream reads an NDJSON body of any length and has record commit it, chunk by chunk. What comes
// before the first chunk with a fault is in the log: it returns how much that is, beside the
// error, or nil for a body that could not be begun.
func (r *Reader) Stream(c *Call, buf *wire.Buffer, record func([]*audit.Entry) (*rpc.RecordResult, error)) (*rpc.RecordResult, error) {
	body, err := c.Exchange.Body(streamSilence)
	if err != nil {
		return nil, err
	}
	s := &stream{Call: c, reader: r, record: record}
	err = admit.Work(c.context(), func(ctx context.Context) error {
		s.turn = admit.TurnOf(ctx)
		body.Reader = &yielding{body.Reader, s.turn}
		return s.copy(&lineReader{body: body, buf: buf, take: s.take})
	})
	return &s.sum, err
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

// take is Call.take, and lets others have their turn while there is no room.
func (s *stream) take(n int) error {
	return s.turn.Pause(func() error { return s.Call.take(n) })
}

// copy records every line. Entries before a line that is at fault but in the
// same chunk are not recorded.
func (s *stream) copy(lines *lineReader) error {
	for {
		line, err := lines.next()
		if err == io.EOF {
			return s.commit()
		}
		if err != nil {
			return s.Exchange.BodyError(err)
		}
		if err := s.turn.Step(); err != nil {
			return err
		}
		e, err := s.reader.entry(line)
		if err != nil {
			return audit.AtItem(err, audit.LineAt(lines.line))
		}
		s.entries = append(s.entries, e)
		s.lines = append(s.lines, lines.line)
		if err := s.weigh(len(line)); err != nil {
			return err
		}
		if len(s.entries) == ChunkEntries || s.size >= chunkBytes {
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
		result, err = s.record(s.entries)
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
	s.Admitted.Give(s.taken)
	s.taken = 0
	return err
}
