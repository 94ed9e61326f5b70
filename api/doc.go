// Package api is the HTTP API of the log: it reads requests strictly, asks who
// calls and whether they may, hands the work to package store, and writes
// answers. The words of the API, its JSON included, are those of package rpc.
//
// A request passes through three layers. Server.ServeHTTP gives it an id, its
// line in the log, its metrics, and an answer if something panics. The routes
// table names the permission and the handler of each method. A handler returns
// an error or has answered; one adapter, Server.serve, writes the errors, and
// only an audit.Fault's own message leaves the process.
//
// It never decides what a token may do (package auth does), never words the
// console's pages, and keeps nothing of its own but counters.
package api
