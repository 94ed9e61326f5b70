//go:build !unix

package durable

// SyncDir has nothing to do: folders cannot be synced here.
func SyncDir(string) error { return nil }
