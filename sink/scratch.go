package sink

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// Scratch is memory in which destinations write what they deliver, and which they give back. Those of one
// program share it: there may be a thousand, of which most rest, with a megabyte each. The zero Scratch
// is usable, by several goroutines at once.
type Scratch struct{ buffers, packers sync.Pool }

// Take returns an empty buffer. It is the caller's until Give.
func (s *Scratch) Take() []byte {
	if b, ok := s.buffers.Get().(*[]byte); ok {
		return (*b)[:0]
	}
	return nil
}

// Give gives a buffer back, or what became of it.
func (s *Scratch) Give(b []byte) { s.buffers.Put(&b) }

// Pack returns the gzip of b, which is the caller's.
func (s *Scratch) Pack(b []byte) ([]byte, error) {
	packed := bytes.NewBuffer(s.Take())
	defer func() { s.Give(packed.Bytes()) }()
	w, ok := s.packers.Get().(*gzip.Writer)
	if !ok {
		w = gzip.NewWriter(nil)
	}
	defer s.packers.Put(w)
	w.Reset(packed)
	_, err := w.Write(b)
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	return bytes.Clone(packed.Bytes()), nil
}
