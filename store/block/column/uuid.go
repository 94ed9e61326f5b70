package column

import (
	"encoding/binary"

	"auditlog/store/block/bits"
	"auditlog/store/block/chunk"
	"auditlog/store/block/lex"
)

// uuids finds columns in which each element is a UUID, all of one case and no two the same, as
// idempotency keys and the ids of requests often are. It reads the digits in a fraction of the time
// that it takes to number strings and to look for their templates.
type uuids struct {
	digits []byte // 16 an element
	cells  [2 * bits.MaxRows]uint16
}

// fewUUIDs is up to how many it is left to estimates how they are stored.
const fewUUIDs = 64

// uuids appends a column of such UUIDs, just as the usual way does. It does nothing and returns false
// if it is of anything else.
func (e *Encoder) uuids(values []string) bool {
	if e.plain || len(values) <= fewUUIDs {
		return false
	}
	u := &e.unique
	u.digits = u.digits[:0]
	clear(u.cells[:])
	var cases byte
	for _, v := range values {
		if !u.read(v, &cases) || !u.isNew(len(u.digits)/16-1) {
			return false
		}
	}
	flags := byte(hexUUID)
	switch cases {
	case lowerDigits | upperDigits:
		return false
	case upperDigits:
		flags |= hexUpper
	}
	e.out = append(e.out, kindTemplate|chunk.Shared<<4)
	e.Uvarint(1)
	e.texts.Add(chunk.Shared, lex.UUIDTemplate)
	e.out = append(e.out, 0)
	e.Uvarint(1) // slot
	e.kids++
	e.Uvarint(1)
	e.Uvarint(len(values))
	e.out = append(e.out, kindHex, 32, flags)
	e.out = append(e.out, u.digits...)
	return true
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
		switch {
		case '0' <= c && c <= '9':
			t[c] = byte(c) - '0'
		case 'a' <= c && c <= 'f':
			t[c] = byte(c) - 'a' + 10 | lowerDigits
		case 'A' <= c && c <= 'F':
			t[c] = byte(c) - 'A' + 10 | upperDigits
		default:
			t[c] = noDigit
		}
	}
	return t
}()

// read reads the digits of a UUID, and adds what cases they have.
func (u *uuids) read(v string, cases *byte) bool {
	if len(v) != len("00000000-0000-0000-0000-000000000000") || v[8] != '-' || v[13] != '-' || v[18] != '-' || v[23] != '-' {
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
	u.digits = append(u.digits, digits[:]...)
	return of&noDigit == 0
}

// isNew reports whether element n is none of those before it.
func (u *uuids) isNew(n int) bool {
	const mask = uint64(len(u.cells) - 1)
	first, second := u.at(n)
	for i := (first ^ second) * 0x9e3779b97f4a7c15 >> 32; ; i++ {
		cell := &u.cells[i&mask]
		if *cell == 0 {
			*cell = uint16(n + 1)
			return true
		}
		if a, b := u.at(int(*cell) - 1); a == first && b == second {
			return false
		}
	}
}

func (u *uuids) at(n int) (first, second uint64) {
	d := u.digits[16*n:]
	return binary.LittleEndian.Uint64(d), binary.LittleEndian.Uint64(d[8:])
}
