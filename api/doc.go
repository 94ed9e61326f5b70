// Package api is the HTTP API of the log: it asks who
// calls and whether they may, hands the work to the log, and writes
// answers. The words of the API, its JSON included, are those of package rpc.
//
// A request passes through three layers. Server.ServeHTTP gives it an id, its
// line in the log, its metrics, and an answer if something panics. The routes
// table names the permission and the handler of each method. A handler returns
// an error or has answered; one adapter, Server.serve, writes the errors, and
// only an audit.Fault's own message leaves the process.
//
// What is no matter of one method has rooms of its own: how a request comes in and an answer
// goes out (wire), how entries are read from a body (intake), strict JSON (strict), what callers
// may write in another way (dialect), and what is told to those who scrape (metrics).
//
// # Bounds
//
// A body is at most 1 MiB, of auditLog.record 32 MiB, of NDJSON any length with
// about a mebibyte of it in memory. What calls hold together is bounded by Options.Door:
// each takes memory as its body arrives, not for what a header promises, and a large batch
// is decoded as it comes. Time that a client lets the server wait counts against
// Options.Patience and every byte buys some back, so that what trickles ends and
// what keeps coming does not, but for that of which nothing comes; an answer is accepted in
// parts within it likewise. A page ends at 4 MiB and is made in pieces.
//
// It never decides what a token may do (package auth does), never words the
// console's pages, and keeps nothing of its own but counters.
package api
