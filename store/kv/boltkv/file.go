package boltkv

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"

	"auditlog/durable"
)

// create makes a database under a temporary name and links it into place, so that a
// crash leaves either none or a whole one, and of two processes that start at once
// one wins.
func create(path string, opts Options) error {
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	dir := filepath.Dir(path)
	if err := makeDir(dir); err != nil {
		return fmt.Errorf("make data folder: %w", err)
	}
	f, err := os.CreateTemp(dir, filepath.Base(path)+".new-*")
	if err != nil {
		return fmt.Errorf("create database: %w", err)
	}
	temp := f.Name()
	defer os.Remove(temp)
	if err := errors.Join(f.Close(), initialize(temp, opts)); err != nil {
		return fmt.Errorf("create database: %w", err)
	}
	if err := os.Link(temp, path); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("create database: %w", err)
	}
	return durable.SyncDir(dir)
}

func initialize(path string, opts Options) error {
	bolt, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		return err
	}
	db := newDB(bolt, opts)
	db.stamped = true
	return errors.Join(db.Update(opts.Init), db.Close())
}

// makeDir makes a folder that only its owner can enter, so that it is there after
// a power cut.
func makeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return durable.SyncDir(filepath.Dir(filepath.Clean(dir)))
}

// Compact rewrites the file at path, which no process may have open, without its free
// pages, which keep what they held until they are used again. It returns the file's
// size before and after.
//
// The new file takes the old one's name once it is complete and on disk: a crash
// leaves one or the other, and perhaps a temporary file, which the next run removes.
func Compact(path string, opts Options) (before, after int64, err error) {
	// The file may be a link to where there is more room, which must stay one.
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return 0, 0, fmt.Errorf("find database: %w", err)
	}
	if before, err = fileSize(path); err != nil {
		return 0, 0, err
	}
	old, err := Open(path, opts)
	if err != nil {
		return 0, 0, err
	}
	defer func() { errors.Join(old.marks.Close(), old.bolt.Close()) }()
	if _, lost := old.Lost(); lost {
		return 0, 0, errors.New("the database is an older state than it was once: start the server, which says more")
	}
	temp := path + ".compact"
	if err := os.Remove(temp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, 0, err
	}
	defer os.Remove(temp)
	if err := old.rewrite(temp); err != nil {
		return 0, 0, err
	}
	if after, err = fileSize(temp); err != nil {
		return 0, 0, err
	}
	if err := likeBefore(temp, path); err != nil {
		return 0, 0, err
	}
	// The mark is of the old file: the new one would seem to be older than it was.
	if err := RemoveMark(path); err != nil {
		return 0, 0, err
	}
	if err := os.Rename(temp, path); err != nil {
		return 0, 0, err
	}
	return before, after, durable.SyncDir(filepath.Dir(path))
}

// likeBefore gives a file the mode of the one that it is to replace.
func likeBefore(path, old string) error {
	info, err := os.Stat(old)
	if err != nil {
		return err
	}
	return os.Chmod(path, info.Mode().Perm())
}

// compactTx bounds the bytes of one transaction of a rewrite.
const compactTx = 16 << 20

// rewrite copies a database, if nothing in it is damaged.
func (db *DB) rewrite(path string) error {
	var damage error
	if err := db.Check(func(err error) { damage = err }); err != nil || damage != nil {
		return errors.Join(err, damage)
	}
	bolt, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return err
	}
	err = db.guard(func() error {
		if err := bbolt.Compact(bolt, db.bolt, compactTx); err != nil {
			return err
		}
		to := newDB(bolt, db.opts)
		to.stamped = db.stamped
		return bolt.Update(func(tx *bbolt.Tx) error { return to.newTx(tx).finish() }) // that of the old file was copied
	})
	return errors.Join(err, bolt.Sync(), bolt.Close())
}

func fileSize(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, fmt.Errorf("size of database: %w", err)
	}
	return info.Size(), nil
}

// closeFile closes a file, if it is there.
func closeFile(f *os.File) error {
	if f == nil {
		return nil
	}
	return f.Close()
}
