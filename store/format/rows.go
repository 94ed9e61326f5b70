package format

import (
	"fmt"
	"slices"
	"time"

	"auditlog/audit"
)

// rowGuess is how many bytes a row has, and rather more than usual.
const rowGuess = 320

// rowChunk is how many bytes of rows are in one piece of memory, about: a batch of
// large entries must not be copied again and again as its rows become more.
const rowChunk = 1 << 20

// Rows are the rows of the entries of a call, and how many bytes they have. Its memory can be used again
// once nobody has any of them.
type Rows struct {
	Of   [][]byte // each entry
	Size int

	last []byte // piece of memory
}

// Encode normalizes and validates entries, of a call at a time, and makes their rows. An entry that is
// refused is the Item of the Fault.
func (r *Rows) Encode(entries []*audit.Entry, now time.Time) error {
	if len(entries) > audit.MaxBatch {
		return audit.AtPath(audit.Errorf(audit.TooLarge, "must be at most %d at once", audit.MaxBatch), "entries")
	}
	r.Of, r.Size = slices.Grow(r.Of[:0], len(entries)), 0
	buf := r.last[:0] // of rows that follow each other
	if guess := min(rowGuess*len(entries), rowChunk); cap(buf) < guess {
		buf = make([]byte, 0, guess)
	}
	for i, e := range entries {
		e.Normalize()
		if err := e.Validate(now); err != nil {
			return audit.AtItem(err, audit.EntryAt(i))
		}
		if len(buf) >= rowChunk {
			buf = make([]byte, 0, rowChunk+audit.MaxStored)
		}
		before := len(buf)
		buf = AppendRow(buf, e)
		n := len(buf) - before
		if n > audit.MaxStored {
			return &audit.Fault{Kind: audit.TooLarge, Item: audit.EntryAt(i),
				Message: fmt.Sprintf("must be at most %d bytes as stored, is %d", audit.MaxStored, n)}
		}
		r.Of = append(r.Of, buf[before:len(buf):len(buf)])
		r.Size += n
	}
	r.last = buf
	return nil
}
