package column

import (
	mathbits "math/bits"
	"strconv"

	"auditlog/store/block/bits"
	"auditlog/store/block/lex"
)

// Digits says what digits the elements of a column have side by side.
type Digits struct {
	// Fewest is how many an element has at least: of its shortest word, if it is Words.
	Fewest int
	// Hexadecimal says that they may be letters.
	Hexadecimal bool
	// Words says that an element is not one word but several.
	Words bool
}

// Digits returns what digits the elements of c have; ok is false if it does not hold numbers.
func (c *Column) Digits() (d Digits, ok bool) {
	if k := kinds[c.kind].numeral; k != nil {
		return k.digits(c), true
	}
	return d, false
}

// FindDigits adds the elements of c, which holds numbers, to set that are want, or begin so
// if want is a prefix. Of elements that are several words, each is looked at.
func (s *Set) FindDigits(c *Column, want string, prefix bool, set *bits.Rows) {
	if want != "" {
		found := kinds[c.kind].numeral.find(s, c, want, prefix)
		set.Or(&found)
	}
}

// intKind is of columns of decimal numbers without leading zeros.
type intKind struct{}

func (intKind) scan(p *Parser, c *Column, _, _ int) { c.ints = p.Ints(int(c.m)) }

func (intKind) append(dst []byte, s *Set, c *Column, i int) ([]byte, error) {
	return strconv.AppendInt(dst, s.Int(&c.ints, i), 10), nil
}

func (intKind) digits(*Column) Digits { return Digits{Fewest: 1} }

func (intKind) find(s *Set, c *Column, want string, prefix bool) (set bits.Rows) {
	switch {
	case !lex.IsDecimal(want) || want[0] == '0' && len(want) > 1:
	case !prefix || want == "0":
		s.within(c, lex.Decimal(want), 1, &set)
	default:
		for _, p := range powers[:lex.MaxDigits-len(want)+1] {
			s.within(c, lex.Decimal(want), p, &set)
		}
	}
	return set
}

func (intKind) keep(s *Set, c *Column, want string, set bits.Rows) bits.Rows {
	return s.keepNumber(c, want, lex.IsDecimal(want) && (want[0] != '0' || len(want) == 1), set)
}

// digitsKind is of columns of decimal numbers of as many digits each, with leading zeros.
type digitsKind struct{}

func (digitsKind) scan(p *Parser, c *Column, _, _ int) {
	c.n = uint16(p.Count(1, lex.MaxDigits))
	c.ints = p.Ints(int(c.m))
}

func (digitsKind) append(dst []byte, s *Set, c *Column, i int) ([]byte, error) {
	return lex.AppendDigits(dst, uint64(s.Int(&c.ints, i)), int(c.n)), nil
}

func (digitsKind) digits(c *Column) Digits { return Digits{Fewest: int(c.n)} }

func (digitsKind) find(s *Set, c *Column, want string, prefix bool) (set bits.Rows) {
	if !lex.IsDecimal(want) {
		return set
	}
	if missing := int(c.n) - len(want); missing == 0 || prefix && missing > 0 {
		s.within(c, lex.Decimal(want), powers[missing], &set)
	}
	return set
}

func (digitsKind) keep(s *Set, c *Column, want string, set bits.Rows) bits.Rows {
	return s.keepNumber(c, want, lex.IsDecimal(want) && len(want) == int(c.n), set)
}

// keepNumber returns the elements of set that are want, which fits into c or not.
func (s *Set) keepNumber(c *Column, want string, fits bool, set bits.Rows) bits.Rows {
	if !fits {
		return bits.Rows{}
	}
	n := lex.Decimal(want)
	for i := set.Next(0); i >= 0; i = set.Next(i + 1) {
		if s.Int(&c.ints, i) != n {
			set.Clear(i)
		}
	}
	return set
}

// within adds the elements of c to set whose numbers are one of unit from want·unit on.
func (s *Set) within(c *Column, want, unit int64, set *bits.Rows) {
	c.ints.Within(s.data, s.frames, want*unit, unit, set)
}

// powers are those of ten.
var powers = func() (p [lex.MaxDigits + 1]int64) {
	p[0] = 1
	for i := range lex.MaxDigits {
		p[i+1] = 10 * p[i]
	}
	return p
}()

func (intKind) fits(s *sample) bool { return s.traits&lex.NotPlain == 0 }

func (intKind) bits(s *sample, n int) int { return s.rangeBits(n) }

func (intKind) write(e *Encoder, _ *sample, values []string) {
	e.out = append(e.out, kindInt)
	e.decimals(values)
}

func (digitsKind) fits(s *sample) bool { return s.even() && s.traits&lex.NotDigits == 0 }

func (digitsKind) bits(s *sample, n int) int { return s.rangeBits(n) }

func (digitsKind) write(e *Encoder, s *sample, values []string) {
	e.out = append(e.out, kindDigits)
	e.Uvarint(s.longest)
	e.decimals(values)
}

// rangeBits returns how many bits n numbers of the sample's range take.
func (s *sample) rangeBits(n int) int { return n * mathbits.Len64(uint64(s.hi-s.lo)) }

// decimals appends decimal numbers.
func (e *Encoder) decimals(values []string) {
	e.numbers = e.numbers[:0]
	for _, v := range values {
		e.numbers = append(e.numbers, lex.Decimal(v))
	}
	e.Ints(e.numbers)
}
