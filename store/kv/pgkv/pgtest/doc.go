// Package pgtest runs real PostgreSQL servers for tests and benchmarks: one, or a primary
// with a standby that is promoted when the primary is killed or cut off, and a proxy that
// cuts, stalls and counts what goes between a client and a server.
//
// The servers are those of Debian's package, or of the path. Each has a folder of its own,
// a socket in it and a port on loopback, and ends with the process that started it. A test
// is skipped where PostgreSQL is not installed, unless AUDITLOG_TEST_POSTGRES is
// "required", as it is in CI: then it fails.
//
// It never speaks of the log. Only tests may use it, and the benchmark.
package pgtest
