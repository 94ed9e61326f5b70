// Package nfc tells whether text is in Unicode's normalization form C. It is the algorithm of
// Unicode's Standard Annex 15 on tables of its own, because package audit, which alone needs it,
// stands on the standard library; a test compares it with that of golang.org/x/text.
package nfc

import (
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// Is reports whether s is in normalization form C: "é" is one character in it and not an "e"
// with an accent after it, which looks the same. What is no valid UTF-8 is not.
func Is(s string) bool {
	runes := []rune(s)
	for i := 0; i < len(runes); {
		end := i + 1
		for end < len(runes) && !begins(runes[end]) {
			end++
		}
		if !slices.Equal(compose(decompose(runes[i:end])), runes[i:end]) {
			return false
		}
		i = end
	}
	return utf8.ValidString(s)
}

// begins reports whether nothing before r can change what becomes of it.
func begins(r rune) bool {
	return r < 0x300 || classOf(r) == 0 && !nfc().seconds[r] && !isVowel(r) && !isTail(r)
}

// decompose takes characters apart as far as possible, and puts their marks into order.
func decompose(runes []rune) []rune {
	var all []rune
	for _, r := range runes {
		all = appendParts(all, r)
	}
	for from := 0; from < len(all); {
		end := from + 1
		for end < len(all) && classOf(all[end]) != 0 {
			end++
		}
		marks := all[from:end]
		if classOf(marks[0]) == 0 {
			marks = marks[1:]
		}
		slices.SortStableFunc(marks, func(a, b rune) int { return int(classOf(a)) - int(classOf(b)) })
		from = end
	}
	return all
}

func appendParts(all []rune, r rune) []rune {
	if isSyllable(r) {
		at := r - firstSyllable
		all = append(all, firstLead+at/(vowels*tails), firstVowel+at%(vowels*tails)/tails)
		if tail := at % tails; tail != 0 {
			all = append(all, beforeTails+tail)
		}
		return all
	}
	parts, ok := nfc().parts[r]
	if !ok {
		return append(all, r)
	}
	for _, part := range parts {
		all = appendParts(all, part)
	}
	return all
}

// compose puts characters that decompose has taken apart together again.
func compose(runes []rune) []rune {
	var all []rune
	starter, last := -1, uint8(0) // where the last one that marks follow is; the last mark's class
	for _, r := range runes {
		class := classOf(r)
		if starter >= 0 && (last < class || last == 0 && starter == len(all)-1) {
			if whole, ok := join(all[starter], r); ok {
				all[starter] = whole
				continue
			}
		}
		if class == 0 {
			starter = len(all)
		}
		last = class
		all = append(all, r)
	}
	return all
}

func join(a, b rune) (rune, bool) {
	switch {
	case isLead(a) && isVowel(b):
		return firstSyllable + ((a-firstLead)*vowels+(b-firstVowel))*tails, true
	case isSyllable(a) && (a-firstSyllable)%tails == 0 && isTail(b):
		return a + b - beforeTails, true
	}
	whole, ok := nfc().wholes[[2]rune{a, b}]
	return whole, ok
}

// The syllables of Hangul are made of a lead, a vowel and perhaps a tail, by rule.
const (
	firstSyllable, firstLead, firstVowel, beforeTails = 0xac00, 0x1100, 0x1161, 0x11a7
	leads, vowels, tails                              = 19, 21, 28
)

func isSyllable(r rune) bool { return firstSyllable <= r && r < firstSyllable+leads*vowels*tails }
func isLead(r rune) bool     { return firstLead <= r && r < firstLead+leads }
func isVowel(r rune) bool    { return firstVowel <= r && r < firstVowel+vowels }
func isTail(r rune) bool     { return beforeTails < r && r < beforeTails+tails }

// classOf returns the class of a mark by which marks are ordered; 0 is no mark.
func classOf(r rune) uint8 {
	if r < 0x300 {
		return 0
	}
	i, ok := slices.BinarySearchFunc(markClasses, r, func(m markClass, r rune) int {
		switch {
		case m.last < r:
			return -1
		case m.first > r:
			return 1
		}
		return 0
	})
	if !ok {
		return 0
	}
	return markClasses[i].class
}

// markClass is a range of marks of one class.
type markClass struct {
	first, last rune
	class       uint8
}

// nfcTables say what characters are made of.
type nfcTables struct {
	parts   map[rune][]rune  // of all that have parts
	wholes  map[[2]rune]rune // of those pairs that are put together again
	seconds map[rune]bool    // of those pairs
}

// nfc reads the tables when they are first needed: most names are ASCII.
var nfc = sync.OnceValue(readNFC)

func readNFC() *nfcTables {
	t := &nfcTables{parts: make(map[rune][]rune), wholes: make(map[[2]rune]rune), seconds: make(map[rune]bool)}
	for word := range strings.SplitSeq(compositions, " ") {
		r := []rune(word)
		t.parts[r[0]], t.wholes[[2]rune{r[1], r[2]}], t.seconds[r[2]] = r[1:], r[0], true
	}
	for word := range strings.SplitSeq(onlyDecomposed, " ") {
		r := []rune(word)
		t.parts[r[0]] = r[1:]
	}
	return t
}
