// Package dialect is what callers may write in another way than package rpc has it: times as
// people write them, and everything in which the API speaks as deploys.app's own API does, so
// that its clients can be pointed here: what their filters look like, what they take for a
// limit, and how they read an error.
//
// It asks the log for pages alone, and keeps nothing. Package api alone uses it.
package dialect
