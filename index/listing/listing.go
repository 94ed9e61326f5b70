package listing

import (
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"

	"auditlog/durable"
)

// Bleve keeps the list of its segments in a bbolt file, whose pages have no
// checksums. So the index has one for the whole file beside it while it is closed.
// After a crash there is none, and bbolt's own check must do.
const (
	// File is the list's name in the index's folder.
	File    = "root.bolt"
	sumFile = "root.sum"
)

// ErrChecksum says that a file is not as it was written.
var ErrChecksum = errors.New("has a wrong checksum")

// Timeout is how long to wait for a process that has the file open.
const Timeout = 2 * time.Second

// Verify checks bleve's list of segments.
func Verify(dir string) error {
	want, err := os.ReadFile(filepath.Join(dir, sumFile))
	if errors.Is(err, os.ErrNotExist) || err == nil && len(want) == 0 {
		return check(dir)
	}
	if err != nil {
		return err
	}
	got, err := sum(dir)
	if err != nil {
		return err
	}
	if string(want) != got {
		return fmt.Errorf("%s: %w", filepath.Join(dir, File), ErrChecksum)
	}
	return nil
}

// Unseal removes the list's checksum: from now on the list is written to.
func Unseal(dir string) error {
	path := filepath.Join(dir, sumFile)
	want, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) || err == nil && len(want) == 0 {
		return nil // a crash may leave an empty one, which says nothing
	}
	if err := errors.Join(err, os.Remove(path)); err != nil {
		return err
	}
	return durable.SyncDir(dir)
}

// Seal checks the list, which is not written to any more, and writes its checksum.
func Seal(dir string) error {
	if err := check(dir); err != nil {
		return err
	}
	is, err := sum(dir)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, sumFile), []byte(is), 0o600)
}

func sum(dir string) (string, error) {
	b, err := os.ReadFile(filepath.Join(dir, File))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%08x %d\n", crc32.ChecksumIEEE(b), len(b)), nil
}

// check has bbolt check the list, if there is one.
func check(dir string) error {
	path := filepath.Join(dir, File)
	if st, err := os.Stat(path); errors.Is(err, os.ErrNotExist) || err == nil && st.Size() == 0 {
		return nil // bbolt begins with an empty file
	}
	return Guard(func() error {
		db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: Timeout, OpenFile: openToRead})
		if err != nil {
			return err
		}
		defer db.Close()
		return db.View(func(tx *bbolt.Tx) error {
			var first error
			for err := range tx.Check() {
				if first == nil {
					first = fmt.Errorf("%s: %w", path, err)
				}
			}
			return first
		})
	})
}

// openToRead opens a file for reading alone. bbolt asks for it to be made as well, even of
// a file that it only reads.
func openToRead(path string, _ int, _ os.FileMode) (*os.File, error) { return os.Open(path) }

// AttemptsFile holds a byte for each attempt to open the index since the last one
// that did not end the process. A damaged list can do that, inside bbolt, where
// nothing can be recovered from; after some attempts the index is given up.
const (
	AttemptsFile = "root.attempts"
	maxAttempts  = 3
)

// Attempts returns a byte for each attempt so far, or an error where there were too many.
func Attempts(dir string) ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(dir, AttemptsFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if len(b) >= maxAttempts {
		return nil, fmt.Errorf("%s: %d attempts to open it ended the process", dir, len(b))
	}
	return b, nil
}

// Attempt notes that the index is about to be opened.
func Attempt(dir string) error {
	b, err := Attempts(dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, AttemptsFile), append(b, '.'), 0o600)
}

// Survived notes that the process outlived the attempt.
func Survived(dir string) error { return os.Remove(filepath.Join(dir, AttemptsFile)) }

// Guard runs fn, which reads mapped files. What they raise when they are damaged
// is an error.
func Guard(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("read index: %v", r)
		}
	}()
	return fn()
}
