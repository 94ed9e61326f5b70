package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"auditlog/audit"
	"auditlog/store/check"
	"auditlog/store/copies"
	"auditlog/store/kv"
	"auditlog/store/kv/boltkv"
	"auditlog/store/kv/pgkv"
)

// Moved says what was moved, and how the places are called that it was at and is at.
type Moved struct {
	check.Summary
	From, To string
}

// Move copies the log at one place to another, each a folder or the address of a database. What is
// to hold it must be empty or not there. Move compares the two key by key, and checks all of the
// copy as Check does. What is copied is the same log, with its ids, cursors and proofs; the one
// that it was copied from stays as it is, and must not go on. A crash leaves what no log is
// opened in, and what the next run does away with. report is called with everything that the
// check finds, which leaves nothing of the copy; progress with the bytes that are written, and
// may be nil.
//
// It returns a Conflict Fault where the target holds something, and where another process has the
// source open.
func Move(ctx context.Context, from, to string, report func(problem string), progress func(bytes int64)) (m Moved, err error) {
	source, err := openSource(from)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	still, err := whole(ctx, source, from)
	if err != nil {
		return m, err
	}
	opts := copies.Options{Report: report, Progress: progress}
	opts.Compare = func(made kv.DB) error { return errors.Join(copies.Same(ctx, source)(made), still()) }
	m.From, m.To = source.Name(), filepath.Join(to, FileName)
	if !IsAddress(to) {
		m.Summary, err = copies.Restore(ctx, to, FileName, source, opts)
		return m, err
	}
	target, err := openTarget(to)
	if err != nil {
		return m, closed(err)
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	m.To = target.Name()
	m.Summary, err = copies.Into(ctx, target, source, opts)
	return m, closed(err)
}

func openSource(place string) (kv.DB, error) {
	if IsAddress(place) {
		opts := sharedOptions(new(Options))
		opts.Init = nil
		db, err := pgkv.Open(place, opts)
		return db, closed(err)
	}
	db, err := boltkv.OpenReadOnly(filepath.Join(place, FileName), engineOptions(nil))
	return db, notOpened(place, err)
}

func openTarget(address string) (*pgkv.DB, error) {
	opts := sharedOptions(new(Options))
	opts.Init = copies.MakeRoom
	opts.Fixed = nil // what a run that was cut short has left there is replaced
	return pgkv.Open(address, opts)
}

// quiet is how long nothing is committed where no node is: each writes more often.
const quiet = 5 * time.Second

// whole returns an error for a database that had better not be copied as it is, and else what
// returns one if somebody has written to it meanwhile.
func whole(ctx context.Context, db kv.DB, place string) (still func() error, err error) {
	if damages := db.Damages(); len(damages) > 0 {
		return nil, errors.Join(damages...)
	}
	if _, lost := db.Lost(); lost {
		return nil, audit.Errorf(audit.Conflict, "%s is an older state of the log than it was once: "+
			"start a server on it first, which says what is missing", db.Name())
	}
	if !IsAddress(place) {
		return func() error { return nil }, nil // nobody else can open it
	}
	before, err := version(db)
	if err != nil {
		return nil, err
	}
	still = func() error {
		if now, err := version(db); err != nil || now == before {
			return err
		}
		return fmt.Errorf("the log at %s is %w", db.Name(), ErrInUse)
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(quiet):
		return still, still()
	}
}

// version returns a number that each commit of a database raises.
func version(db kv.DB) (n uint64, err error) {
	err = db.View(func(tx kv.Tx) error {
		n = tx.(interface{ Version() uint64 }).Version()
		return nil
	})
	return n, closed(err)
}
