package format

import (
	"fmt"
	"time"

	"auditlog/audit"
)

// rowGuess is how many bytes a row has, and rather more than usual.
const rowGuess = 320

// rowChunk is how many bytes of rows are in one piece of memory, about: a batch of
// large entries must not be copied again and again as its rows become more.
const rowChunk = 1 << 20

// EncodeRows normalizes and validates entries, of a call at a time, and returns their rows and
// how many bytes these have. An entry that is refused is the Item of the Fault.
func EncodeRows(entries []*audit.Entry, now time.Time) (rows [][]byte, size int, err error) {
	if len(entries) > audit.MaxBatch {
		return nil, 0, audit.AtPath(audit.Errorf(audit.TooLarge, "must be at most %d at once", audit.MaxBatch), "entries")
	}
	rows = make([][]byte, len(entries))
	buf := make([]byte, 0, min(rowGuess*len(entries), rowChunk)) // of rows that follow each other
	for i, e := range entries {
		e.Normalize()
		if err := e.Validate(now); err != nil {
			return nil, 0, audit.AtItem(err, audit.EntryAt(i))
		}
		if len(buf) >= rowChunk {
			buf = make([]byte, 0, rowChunk+audit.MaxStored)
		}
		before := len(buf)
		buf = AppendRow(buf, e)
		n := len(buf) - before
		if n > audit.MaxStored {
			return nil, 0, &audit.Fault{Kind: audit.TooLarge, Item: audit.EntryAt(i),
				Message: fmt.Sprintf("must be at most %d bytes as stored, is %d", audit.MaxStored, n)}
		}
		rows[i] = buf[before:len(buf):len(buf)]
		size += n
	}
	return rows, size, nil
}
