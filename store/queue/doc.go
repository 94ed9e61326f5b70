// Package queue is the line in which calls wait to be committed: what the log does of its own
// accord first, and then each token and each project in its turn, however much one of them
// brings.
//
// It knows neither entries nor the database: an [Item] says for whom it comes and how much it
// brings, and the committer takes the items that may go. Package store owns the queue; those below it
// that seal and count tell whose room is free.
//
// # Turns
//
// Whose item is next is worked out as in start-time fair queueing: each party, a token or a
// project, has a clock that what was taken for it moves on, and the item whose parties are
// the least ahead of the others goes first. So a token that has a thousand calls waiting gets
// as much as one that has a single one, whatever the number of its connections; and where
// many tokens record to one project, or one token to many projects, that holds for the
// projects as well. Whoever was away comes in at the front, and has saved nothing up.
//
// # Room
//
// What is committed stays in memory until it is sealed: the tail. A [Room] bounds what all of
// it may be, and what of it may be one project's or one token's. An item whose party is at its
// bound waits, and the others pass it. When the tail as a whole is full, those who have next to
// nothing in it still get in, up to twice the bound: a party that fills the tail, or a few of them
// together, must not keep the others out.
//
// # Words
//
//	party   a token or a project: who has a share
//	load    how much something is, in entries and bytes
//	part    what an item brings for one party
//	lane    the items of one token and one project, in the order in which they came
//	held    what of a party is in the tail
package queue
