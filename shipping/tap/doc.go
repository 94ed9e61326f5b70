// Package tap holds the newest entries of a log for those who are at its end: they are read once,
// however many wait for them, so that a thousand sinks do not read the log a thousand times. While
// nobody waits it reads nothing and holds nothing.
//
// It never says that an entry is not there: what it does not hold, or would have to leave a gap
// for, its caller reads from the log. It keeps no place of anybody. Package shipping alone uses it.
package tap
