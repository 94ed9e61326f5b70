package bits

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestIntsSurvive packs lists that are nearly lines, where a distance of one below
// the line is as likely as any, and lists that are nothing of the kind.
func TestIntsSurvive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, MaxRows).Draw(t, "n")
		step, noise := rapid.Int64Range(-9, 9).Draw(t, "step"), rapid.SampledFrom([]int64{0, 1, 40, 1 << 40, 1 << 62}).Draw(t, "noise")
		v := make([]int64, n)
		for i := range v {
			v[i] = int64(i)*step + rapid.Int64Range(-noise, noise).Draw(t, "noise")
		}
		data := AppendInts(nil, v)
		s := Scanner{Data: append(data, make([]byte, Slack)...)}
		x := s.Ints(n)
		if s.Err != nil || s.Pos != len(data) {
			t.Fatalf("read %d of %d bytes: %v", s.Pos, len(data), s.Err)
		}
		for i := range v {
			if got := x.At(s.Data, s.Frames, i); got != v[i] {
				t.Fatalf("value %d is %d, want %d", i, got, v[i])
			}
		}
		if all := x.AppendAll(nil, s.Data, s.Frames); !slices.Equal(all, v) {
			t.Fatalf("all values are %d, want %d", all, v)
		}
	})
}
