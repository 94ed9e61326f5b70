// Package search says which rows of a block match: by their values, for filters, and by their
// words, for full text.
//
// It reads columns, by their Nature, and never asks for their kind. It decodes as little as it can, changes
// nothing, and knows neither how a column is stored nor what an entry is.
//
// # The law
//
// Whatever narrows down here returns a set that may contain more than what matches, and contains
// everything that matches. A step that knows nothing returns all elements. So each step is free to be
// as coarse as is fast, steps are joined by And and Or alone, and the answer does not depend on
// which of them ran: the values of what is left are looked at in the end. Where a step is sure of an
// element it says so (exact, sure), which saves that last look; to be sure of an element that does
// not match is the one mistake that a step can make besides losing one.
//
// # Where things are
//
//	value.go    the condition that a column has one of some values
//	match.go    full text: the order of the steps
//	narrow.go   which elements may hold a word, by nature of the column
//	slot.go     a word that reaches into a slot of a template
//	find.go     a word in the strings of a chunk
//	word.go     what stands beside a word
//	decide.go   the values that are left, each looked at once
//
// # Words
//
//	word        letters and digits without a separator, in their normal form
//	term        what a condition asks for: words that follow each other, perhaps a prefix
//	clue        what a value must hold for a term to occur in it
//	occurrence  in which elements a term occurs: surely, or maybe
//	piece       a part of a text with marks, between two separators, that no mark touches
//	glue        what stands beside a slot and belongs to the same word
package search
