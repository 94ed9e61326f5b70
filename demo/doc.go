// Package demo makes up the audit log of a small company, so that the log can be
// seen alive before anything real is recorded: a few thousand entries over the
// last 90 days, in which there is something to find.
//
// The story: yesterday at 14:02 UTC linus@example.com deployed a revision of
// checkout that broke it; ada@example.com rolled it back. Three days ago, at night,
// a contractor tried what he may not. And a service account deploys all day, on
// behalf of people and of agents that bear a label.
//
// It stands on audit and the standard library and does no I/O. The same time
// makes the same entries.
package demo
