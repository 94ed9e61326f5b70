package bits

import (
	"encoding/hex"
	"testing"
)

// TestPinnedInts keeps the bytes of a list in each form. Round trips cannot.
func TestPinnedInts(t *testing.T) {
	list := func(n int, at func(i int64) int64) (v []int64) {
		for i := range n {
			v = append(v, at(int64(i)))
		}
		return v
	}
	for name, c := range map[string]struct {
		v    []int64
		mode byte
		want string
	}{
		"one":    {[]int64{-7}, intsFlat, "00000d"},
		"flat":   {[]int64{5, 9, -3, 5, 1000}, intsFlat, "000a050830000002eb03"},
		"framed": {list(70, func(i int64) int64 { return i/64*1_000_000 + i*i*7%4 }), intsFramed, "01140000000024f40202cccccccccccccccccccccccccccccccccc0c"},
		"linear": {list(70, func(i int64) int64 { return 1_000_000 - i*1000 + i*i*7%5 }), intsLinear, "0211f4d271860d1127000000030ed0266813b409da046d823641521e298f9447ca23e591f248004019df8cd3d49af17f0b"},
		"rising": {list(70, func(i int64) int64 { return i*i*i*7 + 3 }), intsLinear, "02170600000000000ef0ae1d8e0fffbfbbb5aa4aa52449128988880811420821042108020000c0018003f402c0c1da805e842500cefb84b5959140ef048fb0247100f09581f735eec0da4e8f32c63200facf8a09d66840d8b8862466ba00c0a9852b7751c0fb428ac6055800d623879d16f840d9ec8e58a65b00d03d849fb5acc0c4b6891a451500c2f7817155bf40d2a08f4ce7d400002cb5d617e64ba0060000"},
	} {
		got := AppendInts(nil, c.v)
		if got[0] != c.mode || hex.EncodeToString(got) != c.want {
			t.Errorf("%s: mode %d, %x", name, got[0], got)
		}
	}
}

// TestPinnedPlanes keeps the bytes of planes.
func TestPinnedPlanes(t *testing.T) {
	idx := []uint16{0, 1, 2, 3, 300, 5, 6, 7, 256, 1}
	const want = "aa02cc00f000100000001000000000001001"
	if got := hex.EncodeToString(AppendPlanes(nil, idx, Width(301))); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestRisingFrames makes sure that the pinned list of that name is one.
func TestRisingFrames(t *testing.T) {
	v := make([]int64, 70)
	for i := range v {
		v[i] = int64(i*i*i*7 + 3)
	}
	if _, width, _ := linear(v, 0); width&risingFrame == 0 {
		t.Error("it is a line")
	}
}
