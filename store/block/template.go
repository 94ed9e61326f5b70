package block

import (
	"strconv"

	"auditlog/store/block/bits"
)

// A template is a string with marks where its elements differ. The marks tell
// kinds of values apart while templates are found; reading, they are the same.
const (
	markCode   = 1 // digits, or hexadecimal digits
	markUUID   = 2
	markWord   = 3 // letters and digits mixed
	markEscape = 4 // the next byte stands for itself
)

// isMark reports whether c is a mark, or escapes one.
func isMark(c byte) bool { return c-1 < markEscape }

const (
	maxDigits = 18  // of a decimal value
	maxHex    = 512 // of a hexadecimal value
	uuidBytes = 36
)

// appendValue appends element i of a column of strings to dst.
func (b *Block) appendValue(dst []byte, c *column, i int) ([]byte, error) {
	switch c.kind {
	case kindInt:
		return strconv.AppendInt(dst, b.int(&c.ints, i), 10), nil
	case kindDigits:
		return appendDigits(dst, uint64(b.int(&c.ints, i)), int(c.n)), nil
	case kindHex:
		return b.appendHex(dst, c, i), nil
	case kindTemplate:
		t := b.at(&c.index, i)
		if t >= int(c.n) {
			return dst, bits.Corrupt("index %d of %d templates", t, c.n)
		}
		return b.appendTemplate(dst, c, t, b.rank(&c.index, i, t))
	}
	s, err := b.value(c, i)
	return append(dst, s...), err
}

// appendTemplate appends the rank'th element of template t.
func (b *Block) appendTemplate(dst []byte, c *column, t, rank int) ([]byte, error) {
	text, err := b.text(int(c.text) + t)
	if err != nil {
		return dst, err
	}
	slot, end := b.slotsOf(c, t)
	for k := 0; k < len(text); k++ {
		start := k
		for k < len(text) && !isMark(text[k]) {
			k++
		}
		dst = append(dst, text[start:k]...)
		switch {
		case k == len(text):
		case text[k] == markEscape:
			if k++; k < len(text) {
				dst = append(dst, text[k])
			}
		default:
			if slot >= end || rank >= int(b.kid(c, slot).m) {
				return dst, bits.Corrupt("value %d of a template is missing", rank)
			}
			if dst, err = b.appendValue(dst, b.kid(c, slot), rank); err != nil {
				return dst, err
			}
			slot++
		}
	}
	return dst, nil
}

// appendDigits appends v with leading zeros to n digits.
func appendDigits(dst []byte, v uint64, n int) []byte {
	var digits [maxDigits]byte
	for i := range n {
		digits[n-1-i] = '0' + byte(v%10)
		v /= 10
	}
	return append(dst, digits[:n]...)
}

// numeric reads the rest of a column that belongs to a slot.
func (p *parser) numeric(c *column) {
	switch c.kind {
	case kindInt:
		c.ints = p.Ints(int(c.m))
	case kindDigits:
		c.n = uint16(p.Count(1, maxDigits))
		c.ints = p.Ints(int(c.m))
	case kindHex:
		c.n = uint16(p.Count(1, maxHex))
		c.flags = p.Byte()
		if c.flags&hexUUID != 0 && c.n != 32 {
			p.Fail("a UUID of %d digits", c.n)
		}
		c.text = uint32(p.Take((int(c.m)*int(c.n) + 1) / 2))
	}
}
