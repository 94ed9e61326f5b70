package column

import "auditlog/store/block/lex"

// sample is what is known of the values in one slot of a template.
type sample struct {
	shortest, longest int
	traits            lex.Trait // that some of the values have
	lo, hi            int64
	size              int // of all values together
}

// add takes note of a value.
func (s *sample) add(v string, first bool) {
	s.size += len(v)
	s.shortest, s.longest = min(s.shortest, len(v)), max(s.longest, len(v))
	traits := lex.TraitsOf(v)
	if s.traits |= traits; traits&lex.NotDigits != 0 {
		return
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
