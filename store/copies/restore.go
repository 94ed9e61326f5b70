package copies

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"auditlog/audit"
	"auditlog/durable"
	"auditlog/store/check"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/kv/boltkv"
)

// tempName is what a database is called until it is whole, and what the names of files begin with
// that the engine has beside it.
const tempName = "restoring.tmp"

// Restore makes the database called name of a copy, in folder dir, which must be empty or not
// there, compares it with the copy, and checks all of it. It has its name only then: a
// crash leaves a temporary file, which the next run removes. Of a database in which the
// check finds problems nothing stays either; the summary counts them.
//
// It returns Conflict for a folder that is not empty.
func Restore(ctx context.Context, dir, name string, from kv.DB, opts Options) (check.Summary, error) {
	var sum check.Summary
	if err := empty(dir); err != nil {
		return sum, err
	}
	temp := filepath.Join(dir, tempName)
	sum, err := fill(ctx, temp, from, &opts)
	err = errors.Join(err, boltkv.RemoveMark(temp)) // it is of the temporary name
	if err != nil || sum.Problems > 0 {
		if gone := os.Remove(temp); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
		return sum, err
	}
	if err := os.Rename(temp, filepath.Join(dir, name)); err != nil {
		return sum, fmt.Errorf("restore: %w", err)
	}
	return sum, durable.SyncDir(dir)
}

// empty returns an error unless nothing is in a folder but what a killed restore left, which it
// removes.
func empty(dir string) error {
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	for _, f := range files {
		if !strings.HasPrefix(f.Name(), tempName) && f.Name() != "lost+found" {
			return audit.Errorf(audit.Conflict, "the folder %s is not empty: it holds %s", dir, f.Name())
		}
	}
	for _, f := range files {
		if strings.HasPrefix(f.Name(), tempName) {
			if err := os.Remove(filepath.Join(dir, f.Name())); err != nil {
				return fmt.Errorf("restore: %w", err)
			}
		}
	}
	return nil
}

// fill makes the database at path, and reads all of it.
func fill(ctx context.Context, path string, from kv.DB, opts *Options) (sum check.Summary, err error) {
	db, err := boltkv.Open(path, boltkv.Options{
		Init:   makeBuckets,
		Rising: format.Buckets(), // all of them are filled in order
		Summed: format.Summed(),
	})
	if err != nil {
		return sum, fmt.Errorf("restore: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if sum, err = transfer(ctx, db, from, opts); err != nil || sum.Problems > 0 {
		return sum, err
	}
	return sum, db.Update(opts.finish)
}
