package guess

import (
	"math"
	"strings"
)

// perChar is the least that a secret must cost for each of its characters, in bits. English
// words, as they are priced here, cost about 2, the hex digits of a random secret 4. It is not
// enough that a part of it is random: what is repeated or appended makes people believe in it.
const perChar = 2.75

// Easy reports whether a secret, in ASCII, is easily guessed.
func Easy(secret string) bool { return cost(secret) < perChar*float64(len(secret)) }

// cost returns what the cheapest way to write a secret costs.
func cost(secret string) float64 {
	s := text{secret, strings.ToLower(secret)}
	literal := math.Log2(float64(alphabet(secret)))
	cost := make([]float64, len(secret)+1) // of the first so many characters
	for i := range cost[1:] {
		cost[i+1] = math.Inf(1)
	}
	for i := range secret {
		reach := func(end int, price float64) { cost[end] = math.Min(cost[end], cost[i]+price) }
		reach(i+1, literal)
		s.words(i, reach)
		s.runs(i, reach)
	}
	return cost[len(secret)]
}

// text is a secret, and the same in lower case.
type text struct{ is, lower string }

// kinds are the kinds of characters by which the alphabet of a secret is told.
var kinds = []string{
	"0123456789", "abcdef", "ghijklmnopqrstuvwxyz", "ABCDEF", "GHIJKLMNOPQRSTUVWXYZ", "-_+/.=~:", "!\"#$%&'()*,;<>?@[\\]^`{|}",
}

// alphabet returns how many characters there are of the kinds that a secret has.
func alphabet(secret string) (size int) {
	for _, kind := range kinds {
		if strings.ContainsAny(secret, kind) {
			size += len(kind)
		}
	}
	return max(size, 1)
}
