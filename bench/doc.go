// Command bench measures this log beside SQLite and PostgreSQL: the same work in
// one run on one machine, this log through its HTTP API. docs/performance.md says
// what is compared and how to read the figures.
//
// It cannot flatter: every listing's entries are compared between the logs and a
// difference fails the run, each log must have synced its files for every
// acknowledgment while it was watched, and listings are also asked of processes
// just started whose files are in no cache.
//
// It is a module of its own, so that the drivers of the other databases do not
// weigh on those who use this log.
package main
