package column

import "auditlog/store/block/lex"

// sample is what is known of the values in one slot of a template.
type sample struct {
	shortest, longest int
	traits            trait
	lo, hi            int64
	size              int // of all values together
}

// trait says what a value is not.
type trait uint8

const (
	notDigits trait = 1 << iota // anything but 1 to 18 decimal digits
	notPlain                    // a leading zero, or not decimal
	notLower                    // not lower case hexadecimal digits
	notUpper                    // not upper case hexadecimal digits
	isUUID
)

// add takes note of a value.
func (s *sample) add(v string, first bool) {
	s.size += len(v)
	s.shortest, s.longest = min(s.shortest, len(v)), max(s.longest, len(v))
	var of lex.Class
	uuid, sign := lex.IsUUID(v), false
	for i := range len(v) {
		class := lex.ClassOf(v[i])
		of |= class
		sign = sign || class == 0
	}
	switch {
	case uuid:
		s.traits |= isUUID
	case sign: // an address: no number, whatever its letters and digits are
		s.traits |= notPlain | notDigits | notLower | notUpper
		return
	}
	if of&(lex.UpperHex|lex.Letter) != 0 {
		s.traits |= notLower
	}
	if of&(lex.LowerHex|lex.Letter) != 0 {
		s.traits |= notUpper
	}
	if of != lex.Digit || len(v) > lex.MaxDigits {
		s.traits |= notDigits | notPlain
		return
	}
	if v[0] == '0' && len(v) > 1 {
		s.traits |= notPlain
	}
	n := lex.Decimal(v)
	if first {
		s.lo, s.hi = n, n
	}
	s.lo, s.hi = min(s.lo, n), max(s.hi, n)
}

// writer returns the kind of numbers, the first in the table that fits, as which the values
// are held, or nil: they are strings.
func (s *sample) writer() slotWriter {
	for _, w := range slotWriters {
		if w.fits(s) {
			return w
		}
	}
	return nil
}

// slotWriters are those of the table.
var slotWriters = func() (writers []slotWriter) {
	for i := range kinds {
		if w := kinds[i].writer; w != nil {
			writers = append(writers, w)
		}
	}
	return writers
}()

// even reports whether all values have as many bytes.
func (s *sample) even() bool { return s.shortest == s.longest }
