// Package spell writes what others wrote so that a person sees what is in it, on a
// terminal and on a page: nothing steers the terminal, nothing turns the text around,
// nothing hides, and names that only look alike are told apart.
//
// What is not seen as itself is spelled out as Go and JSON do: \x1b, \u202e,
// \U000e0041. That is for eyes alone. Data for programs is never written through this
// package: a pipe gets the bytes that there are.
package spell
