// Package chunk holds the strings of a block: numbered, and compressed together in chunks of
// about 32 KiB, each of which is decoded once, when the first of its strings is asked for.
//
// It knows neither columns nor entries. Of this module it imports bits and, of audit, what ASCII is.
// Package column says which strings there are; it hands the data in with each read.
package chunk
