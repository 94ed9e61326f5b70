// Package client speaks to an audit log from Go.
//
// A [Client] records entries, reads them back, takes them in as they come, and
// administers projects and tokens. A [Queue] records in the background, for services that must not wait
// for the log, and a [Middleware] turns the state-changing calls of a net/http
// service into entries.
//
// # What a retry does
//
// Recording is tried again when the log cannot be reached, is overloaded or
// fails, with growing pauses. An entry without a key is given one before the
// first attempt, so that a retry never records it twice, even when it was only
// the answer that got lost. Reading is tried again likewise. What changes
// projects and tokens is tried once.
//
// # Errors
//
// An error of the log's is an *audit.Fault, whose kind audit.KindOf tells. A log
// that cannot be reached is Unavailable. The error of a context that ended is in
// the chain.
//
// The package never writes to a file or a terminal, and starts a goroutine only
// for a Queue, which owns it until Close.
package client
