//go:build unix

package file_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"auditlog/sink"
)

// To ask what is no file, as a pipe that nobody writes to, does not wait.
func TestNewestOfAPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	d := open(t, path, nil)
	defer d.Close()
	asked := make(chan error, 1)
	go func() {
		mark, err := d.(sink.Asker).Newest(t.Context(), func([]byte) bool { return true })
		if mark != nil {
			err = errors.Join(err, fmt.Errorf("it holds %q", mark))
		}
		asked <- err
	}()
	select {
	case err := <-asked:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it still waits")
	}
}
