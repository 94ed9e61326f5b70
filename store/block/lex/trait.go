package lex

// Trait says what a value is not, or that it is a UUID.
type Trait uint8

// The traits.
const (
	NotDigits Trait = 1 << iota // anything but 1 to 18 decimal digits
	NotPlain                    // a leading zero, or not decimal
	NotLower                    // not lower case hexadecimal digits
	NotUpper                    // not upper case hexadecimal digits
	IsAnUUID
)

// TraitsOf returns those of v, which is not empty.
func TraitsOf(v string) (traits Trait) {
	var of Class
	sign := false
	for i := range len(v) {
		class := ClassOf(v[i])
		of |= class
		sign = sign || class == 0
	}
	switch {
	case IsUUID(v):
		traits |= IsAnUUID
	case sign: // an address: no number, whatever its letters and digits are
		return NotPlain | NotDigits | NotLower | NotUpper
	}
	if of&(UpperHex|Letter) != 0 {
		traits |= NotLower
	}
	if of&(LowerHex|Letter) != 0 {
		traits |= NotUpper
	}
	if of != Digit || len(v) > MaxDigits {
		return traits | NotDigits | NotPlain
	}
	if v[0] == '0' && len(v) > 1 {
		traits |= NotPlain
	}
	return traits
}
