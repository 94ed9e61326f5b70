//go:build unix

package durable

import (
	"errors"
	"io/fs"
	"path/filepath"
	"syscall"
	"testing"
)

func TestSyncDir(t *testing.T) {
	dir := t.TempDir()
	if err := errors.Join(SyncDir(dir), SyncNamedDir(dir)); err != nil {
		t.Error(err)
	}
	nowhere := filepath.Join(dir, "nowhere")
	if err := SyncDir(nowhere); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there is synced: %v", err)
	}
	if err := SyncNamedDir(nowhere); err != nil {
		t.Errorf("a folder that cannot be opened: %v", err)
	}
	// A file system of the kernel's own that syncs nothing.
	if err := SyncDir("/proc/self"); !errors.Is(err, syscall.EINVAL) {
		t.Skipf("syncing /proc/self: %v", err)
	}
	if err := SyncNamedDir("/proc/self"); err != nil {
		t.Errorf("a folder that cannot be synced: %v", err)
	}
}
