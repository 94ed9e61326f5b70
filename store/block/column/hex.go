package column

import (
	"encoding/binary"
	"encoding/hex"

	"auditlog/store/block/bits"
	"auditlog/store/block/lex"
	"auditlog/store/block/uuid"
)

// Flags of a column of hexadecimal numbers.
const (
	hexUpper = 1 << iota
	hexUUID  // 32 digits with dashes
)

// hexKind is of columns of hexadecimal numbers of as many digits each, in one case.
type hexKind struct{}

func (hexKind) scan(p *Parser, c *Column, _, _ int) {
	c.n = uint16(p.Count(1, lex.MaxHex))
	c.flags = p.Byte()
	if c.flags&hexUUID != 0 && c.n != 32 {
		p.Fail("a UUID of %d digits", c.n)
	}
	c.text = uint32(p.Take((int(c.m)*int(c.n) + 1) / 2))
}

func (hexKind) append(dst []byte, s *Set, c *Column, i int) ([]byte, error) {
	return s.appendHex(dst, c, i), nil
}

func (s *Set) appendHex(dst []byte, c *Column, i int) []byte {
	n, flags, start := int(c.n), c.flags, len(dst)
	data := s.data[c.text:]
	switch {
	case n%2 != 0:
		for d := i * n; d < (i+1)*n; d++ {
			dst = append(dst, "0123456789abcdef"[data[d/2]>>(4-d%2*4)&15])
		}
	case flags&hexUUID == 0:
		dst = hex.AppendEncode(dst, data[i*n/2:(i+1)*n/2])
	default:
		dst = uuid.Append(dst, data[16*i:])
	}
	if flags&hexUpper != 0 {
		for k, d := range dst[start:] {
			if d >= 'a' {
				dst[start+k] = d - 'a' + 'A'
			}
		}
	}
	return dst
}

func (hexKind) digits(c *Column) Digits {
	if c.flags&hexUUID != 0 {
		return Digits{Fewest: 4, Hexadecimal: true, Words: true}
	}
	return Digits{Fewest: int(c.n), Hexadecimal: true}
}

// uuidWords are the words of a UUID, by their digits.
var uuidWords = [...]struct{ off, n int }{{0, 8}, {8, 4}, {12, 4}, {16, 4}, {20, 12}}

func (hexKind) find(s *Set, c *Column, want string, prefix bool) (set bits.Rows) {
	fits := func(n int) bool { return len(want) == n || prefix && len(want) < n }
	if c.flags&hexUUID == 0 {
		if fits(int(c.n)) {
			s.hexEqual(c, 0, want, &set)
		}
		return set
	}
	for _, w := range uuidWords {
		if fits(w.n) {
			s.hexEqual(c, w.off, want, &set)
		}
	}
	return set
}

func (hexKind) keep(s *Set, c *Column, want string, set bits.Rows) bits.Rows {
	var few [lex.MaxHex + 4]byte
	var begins bits.Rows // as want does, in either case: most are gone by then
	s.hexEqual(c, 0, want[:min(len(want), int(c.n), 8)], &begins)
	set.And(&begins)
	for i := set.Next(0); i >= 0; i = set.Next(i + 1) {
		if string(s.appendHex(few[:0], c, i)) != want {
			set.Clear(i)
		}
	}
	return set
}

// hexEqual adds the elements of c to set whose digits from off on are want.
func (s *Set) hexEqual(c *Column, off int, want string, set *bits.Rows) {
	for i := range len(want) {
		if !lex.IsHex(want[i]) {
			return
		}
	}
	data := s.data[c.text:]
	for i := range int(c.m) {
		at, k := i*int(c.n)+off, 0
		for k < len(want) && data[(at+k)/2]>>(4-(at+k)%2*4)&15 == lex.Nibble(want[k]) {
			k++
		}
		if k == len(want) {
			set.Set(i)
		}
	}
}

func (hexKind) fits(s *sample) bool {
	return s.even() && s.longest <= lex.MaxHex && (s.traits&lex.NotLower == 0 || s.traits&lex.NotUpper == 0)
}

func (hexKind) bits(s *sample, n int) int { return n * 4 * s.longest }

// write appends the digits, the first one of each byte in its upper half.
func (hexKind) write(e *Encoder, s *sample, values []string) {
	n, flags := len(values[0]), byte(0)
	if s.traits&lex.NotLower != 0 {
		flags |= hexUpper
	}
	if s.traits&lex.IsAnUUID != 0 {
		n, flags = 32, flags|hexUUID
	}
	dst := append(e.out, kindHex)
	dst = binary.AppendUvarint(dst, uint64(n))
	dst = append(dst, flags)
	e.out = lex.AppendNibbles(dst, values)
}
