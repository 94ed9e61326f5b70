package lex

// Class is what a byte is in a word, as bits; 0 is for what is in none.
type Class uint8

// Classes of bytes.
const (
	Digit Class = 1 << iota
	LowerHex
	UpperHex
	Letter // any other
)

// classes is that of each byte. What is not ASCII has none.
var classes = func() (t [256]Class) {
	for c := range t {
		switch {
		case '0' <= c && c <= '9':
			t[c] = Digit
		case 'a' <= c && c <= 'f':
			t[c] = LowerHex
		case 'A' <= c && c <= 'F':
			t[c] = UpperHex
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
			t[c] = Letter
		}
	}
	return t
}()

// WordEnd returns where what is in a word ends in v, from i on.
func WordEnd(v string, i int) int {
	for i < len(v) && classes[v[i]] != 0 {
		i++
	}
	return i
}

// ClassOf returns the class of c.
func ClassOf(c byte) Class { return classes[c] }
