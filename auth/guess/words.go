package guess

import (
	_ "embed"
	"strings"
	"sync"
)

// What a word costs, in bits: wordBase and wordChar for each of its letters; mixedCase if it
// is neither in one case nor begins with its only capital; swapped for each letter that is
// written as a digit or sign which looks like it.
const (
	wordBase  = 2
	wordChar  = 1.5
	mixedCase = 4
	swapped   = 3
)

//go:embed words.txt
var wordsFile string

// list returns the words, and how many letters the longest has.
var list = sync.OnceValues(func() (words map[string]bool, longest int) {
	words = make(map[string]bool)
	for line := range strings.Lines(wordsFile) {
		if word := strings.TrimSpace(line); !strings.HasPrefix(word, "#") {
			words[word] = true
			longest = max(longest, len(word))
		}
	}
	return words, longest
})

// looksLike has the letter that a digit or sign stands for within a word.
var looksLike = map[byte]byte{'0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '@': 'a', '!': 'i', '$': 's'}

// words reaches the ends of the words that begin at i.
func (s text) words(i int, reach func(end int, price float64)) {
	words, longest := list()
	var b [32]byte
	swaps := 0
	for n := range min(longest, len(s.is)-i) {
		c := s.lower[i+n]
		if letter, ok := looksLike[c]; ok {
			c = letter
			swaps++
		}
		if c < 'a' || c > 'z' {
			return
		}
		b[n] = c
		if n > 0 && words[string(b[:n+1])] {
			reach(i+n+1, wordPrice(s.is[i:i+n+1], swaps))
		}
	}
}

// wordPrice returns what a word costs as it is written, with so many letters swapped.
func wordPrice(word string, swaps int) float64 {
	price := wordBase + wordChar*float64(len(word)) + swapped*float64(swaps)
	lower, upper := strings.ToLower(word), strings.ToUpper(word)
	if word != lower && word != upper && word != upper[:1]+lower[1:] {
		price += mixedCase
	}
	return price
}
