// Package peer runs the logs that the benchmark compares: this one, which it
// builds and starts and talks to over HTTP alone; PostgreSQL, which it sets up and
// starts from the installed binaries; and SQLite, which is a library and runs
// within the benchmark's own process.
//
// All of them keep the same entries and give them back whole. The package knows
// how each is best used, never what it is used for: that is package main's.
package peer
