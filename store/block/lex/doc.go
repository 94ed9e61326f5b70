// Package lex says what the letters and digits in a string are: the classes of bytes, the numbers,
// names and addresses in which strings of one template differ, and the marks that stand for them.
//
// It holds nothing and imports nothing of this module. The encoder of columns splits with it what
// it stores, filters split with it what they look for, and searches read marks by it: all three see a
// string alike, or a value would be stored and never found.
package lex
