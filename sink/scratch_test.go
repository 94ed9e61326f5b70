package sink_test

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/klauspost/compress/gzip"

	"auditlog/sink"
)

// What one takes is nobody else's until it is given back, and what is packed comes out as it was.
func TestScratch(t *testing.T) {
	var s sink.Scratch
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for n := range 50 {
				b := s.Take()
				if len(b) != 0 {
					t.Errorf("%d bytes are in a buffer that was taken", len(b))
				}
				b = append(b, bytes.Repeat(fmt.Appendf(nil, "%d %d ", i, n), 1000*i)...)
				packed, err := s.Pack(b)
				if err != nil {
					t.Error(err)
				}
				want := bytes.Clone(b)
				s.Give(b)
				r, err := gzip.NewReader(bytes.NewReader(packed))
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%d bytes come out of %d, %v", len(got), len(want), err)
				}
			}
		})
	}
	group.Wait()
}
