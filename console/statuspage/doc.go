// Package statuspage says in the words of the page how a log is, and draws what came in. It asks
// nobody and writes no page: package console does.
package statuspage
