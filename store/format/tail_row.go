package format

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/klauspost/compress/s2"

	"auditlog/audit"
)

// A TailRow is the value of one key of the tail: consecutive entries of one
// commit, the key the id of the first. The committer has one, and fills it again
// and again.
type TailRow struct {
	first      int64
	recordedAt time.Time
	body       []byte // the rows, each with its project and length before it
	n          int
	seqs       tailSeqs

	packed []byte // the memory of the body compressed
}

// MaxTailRow bounds the bytes of a tail row but for its last entry: rows of
// about this size cost the engine the least for each entry.
const MaxTailRow = 64 << 10

// Versions of a tail row: with its body as it is, and compressed. That of a batch has
// a third of the bytes then, for a tenth of a microsecond an entry, and the tail
// is what most pages are written for.
const (
	tailRowPlain  = 1
	tailRowPacked = 2
)

// tailHead is how many bytes of a tail row are before the count.
const tailHead = 1 + 8

// Reset makes t the empty row of what is recorded from id first on.
func (t *TailRow) Reset(first int64, recordedAt time.Time) {
	t.first, t.recordedAt, t.body, t.n = first, recordedAt, t.body[:0], 0
	t.seqs.reset()
}

// tailSeqs knows the newest seq in a row of each project.
type tailSeqs struct {
	of   map[ProjectID]int // where in seqs it is
	seqs []int64
	last ProjectID // asked for last, at index at
	at   int
}

func (s *tailSeqs) reset() {
	if s.of == nil {
		s.of = make(map[ProjectID]int)
	}
	clear(s.of)
	s.seqs, s.last = s.seqs[:0], 0
}

// newest returns where a project's newest seq is kept: 0 before its first.
func (s *tailSeqs) newest(p ProjectID) *int64 {
	if p != s.last || len(s.seqs) == 0 {
		at, ok := s.of[p]
		if !ok {
			at = len(s.seqs)
			s.of[p] = at
			s.seqs = append(s.seqs, 0)
		}
		s.last, s.at = p, at
	}
	return &s.seqs[s.at]
}

// Add appends an entry's row. The seq is written only with the first entry of a project,
// or where it does not follow that of the project's entry before.
func (t *TailRow) Add(p ProjectID, seq int64, row []byte) {
	newest := t.seqs.newest(p)
	if *newest > 0 && seq == *newest+1 {
		t.body = binary.AppendUvarint(t.body, uint64(p)<<1)
	} else {
		t.body = binary.AppendUvarint(t.body, uint64(p)<<1|tailSeqFollows)
		t.body = binary.AppendUvarint(t.body, uint64(seq))
	}
	*newest = seq
	t.body = binary.AppendUvarint(t.body, uint64(len(row)))
	t.body = append(t.body, row...)
	t.n++
}

// Len returns how many entries are in t.
func (t *TailRow) Len() int { return t.n }

// Size returns the bytes of the rows in t.
func (t *TailRow) Size() int { return len(t.body) }

// Key returns what t stands under.
func (t *TailRow) Key() []byte { return Uint64(uint64(t.first)) }

// Encode returns the value, in memory of its own: version, recordedAt, count,
// body, checksum.
func (t *TailRow) Encode() []byte {
	t.packed = s2.Encode(t.packed[:cap(t.packed)], t.body)
	version, body := byte(tailRowPacked), t.packed
	if len(body) >= len(t.body) {
		version, body = tailRowPlain, t.body
	}
	b := make([]byte, 0, tailHead+binary.MaxVarintLen64+len(body)+sumSize)
	b = append(b, version)
	b = binary.BigEndian.AppendUint64(b, uint64(t.recordedAt.UnixMicro()))
	b = binary.AppendUvarint(b, uint64(t.n))
	b = append(b, body...)
	return appendSum(Uint64(uint64(t.first)), b)
}

// tailSeqFollows, in the lowest bit of an entry's project number, says that its seq
// comes next. Else it is one more than that of the project's entry before in the row.
const tailSeqFollows = 1

// owner reads the project and seq of an entry of a tail row. seqs are those before it.
func (r *reader) owner(seqs *tailSeqs) (p ProjectID, seq int64) {
	v := r.uvarint()
	p = ProjectID(v >> 1)
	newest := seqs.newest(p)
	switch {
	case v&tailSeqFollows != 0:
		seq = int64(r.uvarint())
	case *newest > 0:
		seq = *newest + 1
	default:
		r.fail("no seq")
	}
	*newest = seq
	return p, seq
}

// DecodeTailRow reads what Encode wrote under the key first, and calls fn with
// each entry, its id, seq and recordedAt set, its project's name not, and with what the
// caller sent of it, as AppendInput has it, and the size of its row.
func DecodeTailRow(first int64, value []byte, fn func(p ProjectID, e *audit.Entry, input string, size int) error) error {
	value, err := cutSum(Uint64(uint64(first)), value, tailHead)
	if err != nil {
		return fmt.Errorf("tail row %d: %w", first, err)
	}
	recordedAt := time.UnixMicro(int64(binary.BigEndian.Uint64(value[1:]))).UTC()
	n, size := binary.Uvarint(value[tailHead:])
	if size <= 0 {
		return fmt.Errorf("tail row %d: %w: no count", first, ErrCorrupt)
	}
	body, err := unpackTail(value[0], value[tailHead+size:])
	if err != nil {
		return fmt.Errorf("tail row %d: %w", first, err)
	}
	r := &reader{s: string(body)}
	var seqs tailSeqs
	seqs.reset()
	for i := range n {
		p, seq := r.owner(&seqs)
		row := r.string()
		if r.err != nil {
			break // also when there are fewer than n
		}
		e, input, err := decodeRow(row, recordedAt)
		if err != nil {
			return fmt.Errorf("tail row %d: entry %d: %w", first, first+int64(i), err)
		}
		e.ID, e.Seq, e.RecordedAt = first+int64(i), seq, recordedAt
		if err := fn(p, e, input, len(row)); err != nil {
			return err
		}
	}
	if r.err == nil && r.s != "" {
		r.fail("bytes left over")
	}
	if r.err != nil {
		return fmt.Errorf("tail row %d: %w", first, r.err)
	}
	return nil
}

// unpackTail returns the body of a tail row of a version.
func unpackTail(version byte, body []byte) ([]byte, error) {
	switch version {
	case tailRowPlain:
		return body, nil
	case tailRowPacked:
		n, err := s2.DecodedLen(body)
		if err == nil && n > MaxTailRow+audit.MaxStored+3*binary.MaxVarintLen64 {
			err = s2.ErrTooLarge
		}
		if err == nil {
			body, err = s2.Decode(nil, body)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		return body, nil
	}
	return nil, fmt.Errorf("%w: unknown version %d", ErrCorrupt, version)
}
