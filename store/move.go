package store

import (
	"context"
	"errors"
	"path/filepath"

	"auditlog/audit"
	"auditlog/store/check"
	"auditlog/store/copies"
	"auditlog/store/kv"
	"auditlog/store/kv/boltkv"
)

// Move copies the log in a folder to another one, which must be empty or not there, compares it
// key by key, and checks all of it as Check does. What is copied is the same log, with its ids,
// cursors and proofs; the one that it was copied from stays as it is, and must not go on. A crash
// leaves what the next run does away with. report is called with everything that the check
// finds, which leaves nothing of the copy; progress with the bytes that are written, and may be
// nil.
//
// It returns a Conflict Fault where the target holds something, and where another process has the
// source open.
func Move(ctx context.Context, from, to string, report func(problem string), progress func(bytes int64)) (sum check.Summary, err error) {
	source, err := boltkv.OpenReadOnly(filepath.Join(from, FileName), engineOptions(nil))
	if err != nil {
		return sum, notOpened(from, err)
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	if err := whole(source); err != nil {
		return sum, err
	}
	opts := copies.Options{Compare: copies.Same(ctx, source), Report: report, Progress: progress}
	return copies.Restore(ctx, to, FileName, source, opts)
}

// whole returns why a database had better not be copied as it is.
func whole(db kv.DB) error {
	if damages := db.Damages(); len(damages) > 0 {
		return errors.Join(damages...)
	}
	if _, lost := db.Lost(); lost {
		return audit.Errorf(audit.Conflict, "%s is an older state of the log than it was once: "+
			"say first whether it is to go on from there, which docs/operations.md tells of", db.Name())
	}
	return nil
}
