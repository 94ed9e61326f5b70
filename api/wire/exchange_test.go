package wire

import (
	"bytes"
	"errors"
	"net/http/httptest"
	"slices"
	"testing"
	"time"
)

// slowly is a client who accepts so many writes, and of each it is noted whether it had time of its own.
type slowly struct {
	*httptest.ResponseRecorder
	accepts  int
	extended bool
	pieces   []int
	stale    int
}

func (s *slowly) SetWriteDeadline(time.Time) error {
	s.extended = true
	return nil
}

func (s *slowly) Write(b []byte) (int, error) {
	if !s.extended {
		s.stale++
	}
	s.extended = false
	if len(s.pieces) == s.accepts {
		return 10, errors.New("the client accepts no more")
	}
	s.pieces = append(s.pieces, len(b))
	return s.ResponseRecorder.Write(b)
}

// A long answer goes out in pieces, and the client has time for each: who reads slowly gets it whole.
func TestWriteWaitsForEachPiece(t *testing.T) {
	answer := bytes.Repeat([]byte("0123456789"), 30_000)
	for _, tt := range []struct {
		accepts, written int
		pieces           []int
	}{
		{10, len(answer), []int{writePiece, writePiece, len(answer) - 2*writePiece}},
		{1, writePiece + 10, []int{writePiece}},
	} {
		to := &slowly{ResponseRecorder: httptest.NewRecorder(), accepts: tt.accepts}
		x := &Exchange{ResponseWriter: to, wire: &Wire{opts: Options{Patience: time.Minute}}}
		n, err := x.Write(answer)
		if whole := n == len(answer); n != tt.written || whole != (err == nil) || x.bytes != int64(n) {
			t.Errorf("%d bytes of %d are written, %d counted, %v", n, len(answer), x.bytes, err)
		}
		if !slices.Equal(to.pieces, tt.pieces) || to.stale > 0 || !bytes.HasPrefix(answer, to.Body.Bytes()) {
			t.Errorf("pieces of %v, %d of them without time of their own", to.pieces, to.stale)
		}
	}
	to := &slowly{ResponseRecorder: httptest.NewRecorder(), accepts: 1}
	x := &Exchange{ResponseWriter: to, wire: &Wire{opts: Options{Patience: time.Minute}}}
	if n, err := x.Write(nil); n != 0 || err != nil || len(to.pieces) != 1 {
		t.Errorf("an empty answer: %d, %v, %v", n, err, to.pieces)
	}
}
