// Package help is what the program says of itself: its version, its manual, its exit codes, what it
// takes a mistyped command for, and what a shell completes, which it asks a server for.
//
// It knows commands by the tree that they are in, and never runs one.
package help
