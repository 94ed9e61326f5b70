// Package guess tells by its looks whether a secret that people chose is one that others
// guess: made of words, of rows of keys, of what repeats itself or counts.
//
// Looks can prove that a secret is bad and never that it is good, so the question is turned
// round: what must be refused, without ever refusing what somebody made as he was told to?
// A secret is written in a code that is short for what people think of: a literal character
// costs what one of its alphabet does, a word or a piece that follows from what stands before
// it much less (code.go has the prices). The bits of the cheapest way to write it are about
// what it costs to guess.
//
// # Why random ones pass
//
// Each way to write a secret is a path through its characters, and the sum of 2^-price over
// all paths of n characters is bounded: each character adds the literals' share, which is 1,
// and the shares of words and runs, which are small. Call the sum S(n). No code has room for
// more than S(n)·2^t secrets of t bits, so of the secrets of a source in which none is likelier
// than 2^-h, at most S(n)·2^(t-h) are written in t bits or less. For 16 random bytes in hex,
// the shortest that are taken, t is 88 and h 128. The test of this package adds up S for that
// and the other ways in which people make tokens: none is refused once in 1e9.
//
// Whoever changes a price or adds words is told by that test when there are too many.
package guess
