// Package format writes single entries in the words of others: a Format for each of the
// vocabularies in which programs expect the events of an audit log. Exports, what is followed
// and what is shipped write with it, so that an entry is the same bytes wherever it goes.
//
// Each format but the log's own is a table of what goes where, from which both the encoder and
// the table in docs/siem.md are made. A new one is a file with such a table, and a line in All.
//
// It stands on audit alone, writes no framing (what stands between entries is a file's or a
// protocol's affair), and never leaves out what an entry holds: what a vocabulary has no word
// for goes to a place of its own for such things.
package format
