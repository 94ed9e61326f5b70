package block

import (
	"encoding/binary"
	"strconv"
)

// A template is a string with marks where its elements differ. The marks tell
// kinds of values apart while templates are found; reading, they are the same.
const (
	markCode   = 1 // digits, or hexadecimal digits
	markUUID   = 2
	markWord   = 3 // letters and digits mixed
	markEscape = 4 // the next byte stands for itself
)

// Flags of a column of hexadecimal values.
const (
	hexUpper = 1 << iota
	hexUUID  // 32 digits with dashes
)

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
		t := b.index(c, i)
		if t >= int(c.n) {
			return dst, corrupt("index %d of %d templates", t, c.n)
		}
		return b.appendTemplate(dst, c, t, b.rank(c, i, t))
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
		switch ch := text[k]; {
		case ch > markEscape || ch == 0:
			dst = append(dst, ch)
		case ch == markEscape:
			if k++; k < len(text) {
				dst = append(dst, text[k])
			}
		default:
			if slot >= end || rank >= int(b.kid(c, slot).m) {
				return dst, corrupt("value %d of a template is missing", rank)
			}
			if dst, err = b.appendValue(dst, b.kid(c, slot), rank); err != nil {
				return dst, err
			}
			slot++
		}
	}
	return dst, nil
}

// templateValues appends all elements, which are cut from one string, to dst.
func (b *Block) templateValues(c *column, dst []string) ([]string, error) {
	var of [MaxRows]uint16
	var ends [MaxRows]int
	b.indexes(c, of[:])
	ranks := make([]uint16, c.n)
	text := make([]byte, 0, 32*int(c.m))
	for i, t := range of[:c.m] {
		if t >= c.n {
			return nil, corrupt("index %d of %d templates", t, c.n)
		}
		var err error
		if text, err = b.appendTemplate(text, c, int(t), int(ranks[t])); err != nil {
			return nil, err
		}
		ranks[t]++
		ends[i] = len(text)
	}
	return cut(dst, string(text), ends[:c.m]), nil
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

const (
	lowerHex = "0123456789abcdef"
	upperHex = "0123456789ABCDEF"
)

// appendHex appends element i of a column of hexadecimal values.
func (b *Block) appendHex(dst []byte, c *column, i int) []byte {
	digits := lowerHex
	if c.width&hexUpper != 0 {
		digits = upperHex
	}
	first := i * int(c.n)
	for d := first; d < first+int(c.n); d++ {
		if n := d - first; c.width&hexUUID != 0 && (n == 8 || n == 12 || n == 16 || n == 20) {
			dst = append(dst, '-')
		}
		dst = append(dst, digits[b.data[int(c.off)+d/2]>>(d%2*4)&15])
	}
	return dst
}

// numeric reads the rest of a column that belongs to a slot.
func (p *parser) numeric(c *column) {
	switch c.kind {
	case kindInt:
		c.ints = p.ints(int(c.m))
	case kindDigits:
		c.n = uint16(p.count(1, maxDigits))
		c.ints = p.ints(int(c.m))
	case kindHex:
		c.n = uint16(p.count(1, maxHex))
		c.width = p.byte()
		if c.width&hexUUID != 0 && c.n != 32 {
			p.fail("a UUID of %d digits", c.n)
		}
		c.off = uint32(p.take((int(c.m)*int(c.n) + 1) / 2))
	}
}

// appendHexColumn appends the digits of hexadecimal values.
func appendHexColumn(dst []byte, values []string, flags byte) []byte {
	n := len(values[0])
	if flags&hexUUID != 0 {
		n = 32
	}
	dst = append(dst, kindHex)
	dst = binary.AppendUvarint(dst, uint64(n))
	dst = append(dst, flags)
	half, odd := byte(0), false
	for _, v := range values {
		for i := range len(v) {
			if v[i] == '-' {
				continue
			}
			if odd {
				dst = append(dst, half|nibble(v[i])<<4)
			} else {
				half = nibble(v[i])
			}
			odd = !odd
		}
	}
	if odd {
		dst = append(dst, half)
	}
	return dst
}

func nibble(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&15 + 9
}
