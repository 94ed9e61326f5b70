package keys

import (
	"encoding/binary"
	"encoding/hex"
	"testing"
)

// The vectors of the reference implementation: key 00 01 … 0f, input 00 01 … n-1.
func TestSipHash(t *testing.T) {
	key := make([]byte, 16)
	for i := range key {
		key[i] = byte(i)
	}
	for n, want := range map[int]string{
		0: "a3817f04ba25a8e66df67214c7550293",
		1: "da87c1d86b99af44347659119b22fc45",
		2: "8177228da4a45dc7fca38bdef60affe4",
		3: "9c70b60c5267a94e5f33b6b02985ed51",
	} {
		input := make([]byte, n)
		for i := range input {
			input[i] = byte(i)
		}
		first, second := sip128(newSipKey(key), input)
		got := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, first), second)
		if hex.EncodeToString(got) != want {
			t.Errorf("%d bytes: %x, want %s", n, got, want)
		}
	}
}

func BenchmarkMark(b *testing.B) {
	h := NewHasher(make([]byte, 32))
	input := make([]byte, 320)
	for b.Loop() {
		h.Mark("0b7c39b2-4d3e-4b58-9f2a-0c1f6a1d2e3f", input)
	}
}
