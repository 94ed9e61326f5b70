package store

import (
	"os"

	"pgregory.net/rapid"
)

// tempDir returns a folder that goes when the rapid case ends.
func tempDir(t *rapid.T) string {
	dir, err := os.MkdirTemp("", "auditlog-store-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
