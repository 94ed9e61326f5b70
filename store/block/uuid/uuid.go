package uuid

import (
	"encoding/binary"

	"auditlog/store/block/bits"
	"auditlog/store/block/lex"
)

// List is up to bits.MaxRows UUIDs, in memory that is used again.
type List struct {
	Digits []byte // two a byte, the first one in the upper half, 16 bytes a UUID
	Upper  bool   // their letters are of upper case

	cells [2 * bits.MaxRows]uint16 // a number, from 1, at the place that its digits name, or the next free one
}

// Read makes l the UUIDs that values are. It returns false, and gives up early, unless all are, their letters
// are all of one case, and no two are the same. It takes a fraction of the time of numbering strings.
func (l *List) Read(values []string) bool {
	l.Digits = l.Digits[:0]
	clear(l.cells[:])
	var cases byte
	for i, v := range values {
		if !l.read(v, &cases) || !l.isNew(i) {
			return false
		}
	}
	l.Upper = cases == upperDigits
	return cases != lowerDigits|upperDigits
}

// Append appends the UUID whose digits are the first 16 bytes of digits, in lower case.
func Append(dst, digits []byte) []byte {
	var text [lex.UUIDBytes]byte
	at := 0
	for i, b := range digits[:16] {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			text[at] = '-'
			at++
		}
		text[at], text[at+1] = "0123456789abcdef"[b>>4], "0123456789abcdef"[b&15]
		at += 2
	}
	return append(dst, text[:]...)
}

// What a digit tells of the case, beside its value.
const (
	lowerDigits = 1 << (4 + iota)
	upperDigits
	noDigit
)

// hexValues is the value of each hexadecimal digit, and its case.
var hexValues = func() (t [256]byte) {
	for c := range t {
		t[c] = lex.Nibble(byte(c))
		switch lex.ClassOf(byte(c)) {
		case lex.Digit:
		case lex.LowerHex:
			t[c] |= lowerDigits
		case lex.UpperHex:
			t[c] |= upperDigits
		default:
			t[c] = noDigit
		}
	}
	return t
}()

// read reads the digits of a UUID, and adds what cases they have.
func (l *List) read(v string, cases *byte) bool {
	if len(v) != lex.UUIDBytes || v[8] != '-' || v[13] != '-' || v[18] != '-' || v[23] != '-' {
		return false
	}
	var digits [16]byte
	of, at := byte(0), 0
	for i := range digits {
		if at == 8 || at == 13 || at == 18 || at == 23 {
			at++
		}
		upper, lower := hexValues[v[at]], hexValues[v[at+1]]
		digits[i] = upper<<4 | lower&15
		of |= upper | lower
		at += 2
	}
	*cases |= of & (lowerDigits | upperDigits)
	l.Digits = append(l.Digits, digits[:]...)
	return of&noDigit == 0
}

// isNew reports whether element n is none of those before it.
func (l *List) isNew(n int) bool {
	const mask = uint64(len(l.cells) - 1)
	first, second := l.at(n)
	for i := (first ^ second) * 0x9e3779b97f4a7c15 >> 32; ; i++ {
		cell := &l.cells[i&mask]
		if *cell == 0 {
			*cell = uint16(n + 1)
			return true
		}
		if a, b := l.at(int(*cell) - 1); a == first && b == second {
			return false
		}
	}
}

func (l *List) at(n int) (first, second uint64) {
	d := l.Digits[16*n:]
	return binary.LittleEndian.Uint64(d), binary.LittleEndian.Uint64(d[8:])
}
