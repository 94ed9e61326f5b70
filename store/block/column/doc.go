// Package column holds the columns of a block: lists of strings, and lists of names with
// values, packed column by column and read where they lie.
//
// It knows what a column may be for (Spec) and nothing of entries, queries or projects; it does
// no I/O. Of this module it imports bits, chunk, distinct, lex and uuid. Package block says which columns there
// are and puts the rest of a block around them; package search looks into them. Both see a
// column's Nature and what it can do; which kind it is, a file here knows alone.
//
// # Where things are
//
//	kind.go               the table: what each kind of column can do
//	plain, dict, some,    a file a kind: how it is scanned, read and written
//	template, number,
//	hex, refs, shape, blob
//	index                 what kinds share
//	parse                 scanning a block's columns, with every offset checked
//	mine, sample, uuid    detection: what strings have in common
//	cost, choose          which kind takes the fewest bits
//	encode                the columns one after the other
//	compare               what filters need: values found without decoding a chunk
//
// # A further kind
//
// takes a row in kind.go and a file with what the row names. One for the numbers in a slot is chosen
// by the row alone, if it fits; any other needs a line in choose.go. Whoever reads then works: what
// a row leaves out is done element by element, and a search takes each element of a nature that
// it does not know for one that may match.
//
// # Words
//
//	element   one of a column's m values: a row, at the top
//	kid       a column below another one
//	index     which of its strings, shapes or templates each element has; as a number, which
//	          of them one has
//	shape     the names of a list, as one string; elements share it
//	template  a text with marks where the elements that share it differ
//	mark      a byte in a text that stands for a slot, or for another column's value
//	slot      what stands for one mark of a template, or one value of a shape: a kid of
//	          those elements that have it
//	rank      the number of an element among those with its template or shape
//	blank     where a value lies in a string that is taken apart (only while encoding)
//	sample    what is known of the values in a slot before they are encoded
//	raw       a string that is at hand without decoding a chunk
//	finger    half a hash of a value, for filters, where values are not raw
//	frame     64 integers with a base and a width of their own (package bits)
package column
