// Package shipping sends what the log records to sinks, from inside the server: it keeps which
// sinks there are, reads the log for each from where it has come, hands batches to its
// destination (package sink), and keeps how far that went.
//
// Delivery is at least once and in commit order. A sink's place moves once the destination has
// confirmed, and is on disk within saveEvery: after a crash what was delivered in that time is
// delivered again. Entries that a destination refuses for good are in the sink's letters, by id
// and without content, in the same commit as the place behind them: none is dropped in silence,
// and all can be sent again. A sink with too many of them stops and says so.
//
// A sink that is down or slow delays itself alone. Each has a goroutine of its own, which holds
// no memory while it waits for its destination to come back, and shares a budget with the others
// while it delivers; writers never wait for any. Those that have all there is share one reading
// of what is recorded (package tap), so that a thousand of them do not read the log a thousand
// times; who is behind reads for itself, one at a time.
//
// # Words
//
//	sink         a destination with what is sent there, by name
//	place        how far a sink has come: a seq of its project, or an id where it ships all
//	letter       an entry that the destination refused for good: its id and why
//	held         a sink in memory
//	runner       delivers to one sink while it runs
//	tap          the newest entries, for the runners that are at the end
//	notice       what a sink is told beside what it ships: that nothing comes, or comes again
//
// # Purges
//
// No purge waits for a sink. What it took away from one is counted in the sink's place, exactly:
// numbers are dense, so that what is missing between two entries is what was purged. How far a
// sink had come when a purge began is in the entry that ends the purge.
//
// # Secrets
//
// Addresses and secrets of sinks are in rows of their own, sealed (package secrets) by a key of a
// file where one is configured. They leave this package to the destination alone: what is shown of an address
// has no query, and the texts of errors have neither.
//
// # Who may call it
//
// The server opens and runs an Engine; package sinks changes sinks by it, for those who
// may; the API and the page show what it tells. It never decides who may do what.
package shipping
