//go:build !linux

package pgtest

import "testing"

// Start skips the test: these servers run on Linux alone.
func Start(t testing.TB) string {
	t.Helper()
	t.Skip("PostgreSQL is tried on Linux alone")
	return ""
}
