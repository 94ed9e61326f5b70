// Package copies says what a copy of the log's database is one of, and makes a database
// of a copy. How copies are kept, package backup knows.
package copies
