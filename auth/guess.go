package auth

import (
	"math"
	"strings"
)

// What a part of a secret that follows from the rest costs to guess, in bits: where it
// began before, or how it counts; and a letter of what may be a word.
const (
	patternBits = 6
	letterBits  = 1.8
	minPattern  = 3
	minWord     = 4
)

// guessBits returns about how many random bits a secret is as hard to guess as. It can
// only be wrong by too much: what looks random need not be. Repetitions, what counts up or
// down, and runs of letters of one case, as words are, count for little.
func guessBits(secret string) (bits float64) {
	one := math.Log2(float64(alphabet(secret)))
	for i := 0; i < len(secret); {
		n := max(repeated(secret, i), counting(secret, i))
		if n >= minPattern {
			bits += patternBits
			i += n
			continue
		}
		n = word(secret, i)
		if n >= minWord {
			bits += letterBits * float64(n)
			i += n
			continue
		}
		bits += one
		i++
	}
	return bits
}

// alphabet returns how many characters there are of the kinds that a secret has.
func alphabet(secret string) int {
	size := 0
	for _, kind := range []struct {
		chars string
		size  int
	}{{"0123456789", 10}, {"abcdef", 6}, {"ghijklmnopqrstuvwxyz", 20}, {"ABCDEF", 6}, {"GHIJKLMNOPQRSTUVWXYZ", 20}} {
		if strings.ContainsAny(secret, kind.chars) {
			size += kind.size
		}
	}
	if strings.ContainsFunc(secret, func(r rune) bool { return !isLetter(byte(r)) && (r < '0' || r > '9') }) {
		size += 8
	}
	return max(size, 1)
}

// repeated returns how much of what is at i stands before it already, in any case.
func repeated(secret string, i int) int {
	lower, n := strings.ToLower(secret), 0
	for i+n < len(lower) && strings.Contains(lower[:i], lower[i:i+n+1]) {
		n++
	}
	return n
}

// counting returns for how long each character at i is as far from the one before: abc, 321.
func counting(secret string, i int) int {
	n := 1
	for i+n < len(secret) {
		step := int(secret[i+n]) - int(secret[i+n-1])
		if step < -1 || step > 1 || n > 1 && step != int(secret[i+1])-int(secret[i]) {
			break
		}
		n++
	}
	return n
}

// word returns how many letters of one case begin at i, the first of any.
func word(secret string, i int) int {
	n := 0
	for i+n < len(secret) && isLetter(secret[i+n]) && (n < 2 || secret[i+n]&0x20 == secret[i+1]&0x20) {
		n++
	}
	return n
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
