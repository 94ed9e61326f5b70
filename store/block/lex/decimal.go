package lex

import "strings"

// MaxDigits is how many digits a decimal number has at most.
const MaxDigits = 18

// IsDecimal reports whether v has 1 to MaxDigits decimal digits and nothing else.
func IsDecimal(v string) bool {
	return v != "" && len(v) <= MaxDigits && strings.Trim(v, "0123456789") == ""
}

// Decimal returns the number that v is, which IsDecimal.
func Decimal(v string) (n int64) {
	for i := range len(v) {
		n = n*10 + int64(v[i]-'0')
	}
	return n
}

// AppendDigits appends v with leading zeros to n digits.
func AppendDigits(dst []byte, v uint64, n int) []byte {
	var digits [MaxDigits]byte
	for i := range n {
		digits[n-1-i] = '0' + byte(v%10)
		v /= 10
	}
	return append(dst, digits[:n]...)
}
