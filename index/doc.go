// Package index is full-text search: what a word is, what a query means, and a
// bleve index that says which blocks of the log can hold a match.
//
// # Words
//
// A text is a sequence of words, and looks the same in every letter case and
// Unicode form: it is first brought to its normal form, NFKC with full case
// folding and without the characters that show nothing (soft hyphen, zero-width
// space, variation selectors). A word is then a longest run of letters, digits and
// marks, except that in scripts which do not put spaces between words (Han, Kana,
// Hangul, Thai, Lao, Khmer, Myanmar and their kin) every character is a word of
// its own. Everything else separates words and is not looked at.
//
// So shop-777.example.com is the four words shop, 777, example, com. The same text
// in a query is the phrase of these four, which is how a pasted name, an e-mail, an
// address or a digest is found whole as well as by its parts, and how เมือง is
// found within เมืองไทย. createKey is one word.
//
// # Exactness
//
// [Query] decides alone whether an entry matches. The index only narrows where
// to look: it may name blocks that hold no match, and never leaves out one that does.
// It is derived from the log and can be deleted at any time.
package index
