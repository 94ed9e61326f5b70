// Package filters is the flags that say which entries a command is about, made of the table of an
// entry's fields, and how what is wrong with a field is said as wrong usage of its flag.
package filters
