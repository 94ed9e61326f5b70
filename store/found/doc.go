// Package found holds what a read of the log finds while it goes on: the entries of a page, and
// the condition of a search. Each takes the memory for it from the call that the
// read is for, and looks whether somebody still waits for it (package admit). It reads nothing
// itself: packages read and walk bring what is found.
package found
