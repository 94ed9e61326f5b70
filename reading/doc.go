// Package reading records who read the log, and what: a log whose reading leaves no trace
// cannot say who learnt of what it holds.
//
// What takes entries away as a file, such as an export, is always recorded, by a Reading.
// There are two entries: one before the first byte is sent, without which nothing is, so
// that a server which is killed meanwhile leaves a trace of what went out; and one at the
// end, which says how many entries there were and whether it ended whole. A beginning
// without an end is a reading of which nobody knows how far it came.
//
// What is read in pages is recorded as Options.Scope says, by Note, without the answer
// waiting for it: the first such call of a kind at once, those that follow by their count.
// See package fold. So is what goes on like an export but is asked for too often, as from
// somebody who would fill the disk in this way: a caller has burst readings at once and
// one a minute, and those beyond are told of by their count.
//
// The entries are the log's own. They stand in the project that was read, or in
// audit.SystemProject for what concerns none or several; and whoever reads needs no
// right to record. Who called, and with which token, is theirs as it is every own entry's.
package reading
