//go:build !unix

package server

// MaxOpenFiles returns 0: there is no such limit to be known.
func MaxOpenFiles() uint64 { return 0 }
