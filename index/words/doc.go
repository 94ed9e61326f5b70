// Package words says what the words of a text are.
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
// in a query means these four in this order with no space between them, which is how a
// pasted name, an e-mail, an address or a digest is found whole as well as by its
// parts, and how เมือง is found within เมืองไทย. createKey is one word.
//
// It knows neither queries nor the index.
package words
