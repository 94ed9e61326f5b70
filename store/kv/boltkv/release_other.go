//go:build !linux

package boltkv

// releaseMap does nothing: what it is worth is known of Linux alone.
func releaseMap(_, _ uintptr) error { return nil }
