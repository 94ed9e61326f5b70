// Package purge deletes what was recorded to a project, a bounded step at a time, and ends with an
// entry that says what is gone.
//
// Each step is one transaction that also says how far the purge has come, so a crash between any two
// of them loses and repeats nothing. It never begins a purge, never decides whether there is to be
// one, and locks nothing: package store does that, and calls it alone.
package purge
