// Package work is what the benchmark has the logs do: entries as an organisation
// of fifty projects makes them in four hundred days, and the questions that are
// asked of them.
//
// Entry i of a Work is a function of the seed and i alone, so entries need no
// memory, can be made by several goroutines at once, and are the same for every
// log. They are in the order of time, no two at the same microsecond, which makes
// the order of every listing the same everywhere.
//
// Nothing here knows which log does the work.
package work
