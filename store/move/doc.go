// Package move copies a log from one place to another, a folder or a database that several nodes
// share, so that it goes on there as the same log.
//
// It opens the engines itself, below any log, and never changes what it copies from. The command
// line alone uses it, where no server runs.
package move
