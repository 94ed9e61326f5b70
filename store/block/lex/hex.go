package lex

// nibbles is the value of each hexadecimal digit, in either case.
var nibbles = func() (t [256]byte) {
	for i := range byte(10) {
		t['0'+i] = i
	}
	for i := range byte(6) {
		t['a'+i], t['A'+i] = 10+i, 10+i
	}
	return t
}()

// Nibble returns the value of c, which IsHex.
func Nibble(c byte) byte { return nibbles[c] }

// IsHex reports whether c is a hexadecimal digit.
func IsHex(c byte) bool { return classes[c]&(Digit|LowerHex|UpperHex) != 0 }

// AppendNibbles appends the hexadecimal digits of all values, but not their dashes: two a byte, the
// first one in the upper half.
func AppendNibbles(dst []byte, values []string) []byte {
	upper, odd := byte(0), false
	for _, v := range values {
		for i := range len(v) {
			if v[i] == '-' {
				continue
			}
			if odd {
				dst = append(dst, upper|nibbles[v[i]])
			} else {
				upper = nibbles[v[i]] << 4
			}
			odd = !odd
		}
	}
	if odd {
		dst = append(dst, upper)
	}
	return dst
}
