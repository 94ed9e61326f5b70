package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// Compact rewrites the database in folder dir, which no process may have open.
// Freed pages, which keep what they held until they are used again, are gone
// afterwards, and their space is the file system's. It returns the file's size
// before and after.
//
// The new file takes the old one's name once it is complete and on disk: a crash
// leaves one or the other, and perhaps a temporary file, which the next run removes.
func Compact(dir string) (before, after int64, err error) {
	path := filepath.Join(dir, FileName)
	if _, err := os.Stat(path); err != nil {
		return 0, 0, fmt.Errorf("compact: %w", err)
	}
	old, err := openDB(path)
	if err != nil {
		return 0, 0, err
	}
	defer old.Close()
	temp := path + ".compact"
	if err := os.Remove(temp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, 0, fmt.Errorf("compact: %w", err)
	}
	defer os.Remove(temp)
	if err := rewrite(old, temp); err != nil {
		return 0, 0, fmt.Errorf("compact: %w", err)
	}
	if before, err = fileSize(path); err != nil {
		return 0, 0, err
	}
	if after, err = fileSize(temp); err != nil {
		return 0, 0, err
	}
	if err := os.Rename(temp, path); err != nil {
		return 0, 0, fmt.Errorf("compact: %w", err)
	}
	return before, after, syncDir(dir)
}

// compactTx bounds the bytes of one transaction of a rewrite.
const compactTx = 16 << 20

func rewrite(old *bbolt.DB, path string) error {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return err
	}
	err = bbolt.Compact(db, old, compactTx)
	return errors.Join(err, db.Sync(), db.Close())
}

func fileSize(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, fmt.Errorf("size of database: %w", err)
	}
	return info.Size(), nil
}
