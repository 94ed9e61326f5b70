// Package admit decides what a server takes on, so that nobody takes it down: how much memory
// its calls hold together, and how much of the processors its reads use. What is over that is
// told to come again, before it costs anything.
//
// # Memory
//
// A Budget says what a process may use, from GOMEMLIMIT and the limit of its control group, and
// divides it: for what is always there, the cache, the tail, and calls. A Door holds the part
// for calls. Each call enters by it, and takes by weight what it is about to hold: what has
// arrived of a body, not what its header promises; the entries of a page as they are found. It
// is an estimate, and rather more than what is needed.
//
// There are three classes, and each stops before the next: reads may fill half of the whole,
// records nearly all of it, and the calls of administration all. So a flood of reads leaves
// room to record, and whatever floods leaves room to revoke its token.
//
// Within a class nobody is given a fixed share, which would be too little for one alone and
// too much for many. A token may hold at most greed times what would be left free: one alone
// gets four fifths, and of n each gets greed parts of n·greed+1. Whoever comes next finds
// something free. Administration is not bound by that: whoever floods with an admin's token
// can still be stopped with it. So it is a class for those alone who may administer something.
//
// Who waits for memory while holding some may wait for ever, for others that do the same. So
// only a call that holds nothing waits, and of a token's calls that record and hold something
// the one that began first, which is given what the others give back; these are refused.
//
// # Processors
//
// Reads compute in turns. While anything was recorded lately, there are half as many turns as
// processors; else as many. A turn is some milliseconds, after which a read lets others go
// first that wait, those of each token after the other, so that fifty searches of one token
// take as much from a listing of another as one does. Large bodies and streams, which take long
// to decode, have turns of their own: half of the processors at most for those of one token, so
// that one that brings a lot leaves the committer what it needs. All else that records has none. A read
// that is not done by its deadline ends, and so does one whose caller hung up, within some rows.
//
// # Use
//
// A front end has calls Enter, puts what it gets into the context with In, and Leaves at the
// end. Who computes says so with Work, and Step for each row; what is found is taken with
// Take. Without a call in the context all three do nothing but look whether it has ended, so
// that a command without a server needs none.
//
// It does no input or output but for reading what the system's limits are, and knows neither
// HTTP nor what a call is about.
package admit
