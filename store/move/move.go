package move

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"auditlog/audit"
	"auditlog/store/check"
	"auditlog/store/copies"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/kv/boltkv"
	"auditlog/store/kv/pgkv"
)

// ErrInUse is in the chain of the error of moving a log that another process has open.
var ErrInUse error = audit.Errorf(audit.Conflict, "in use by another auditlog")

// Place is where a log is.
type Place struct {
	// Path is the address of a PostgreSQL database where Shared is set, else that of the
	// database's file, in a folder of its own.
	Path   string
	Shared bool
}

// Options are whom a move tells how it goes.
type Options struct {
	// Report is called with everything that the check of the copy finds.
	Report func(problem string)
	// Progress is told how many bytes of rows are written. Default: nobody.
	Progress func(bytes int64)
}

// Moved says what was moved, and how the places are called that it was at and is at.
type Moved struct {
	check.Summary
	From, To string
}

// Run copies the log at one place to another, which must be empty or not there, compares the two
// key by key, and checks all of the copy as "auditlog check" does. What is copied is the same
// log, with its ids, cursors and proofs; the one that it was copied from stays as it is, and must
// not go on. A crash leaves what no log is opened in, and what the next run does away with. Of
// a copy in which the check finds problems nothing stays.
//
// It returns a Conflict Fault where the target holds something, and where another process has the
// source open, and an Unavailable one where a database cannot be reached.
func Run(ctx context.Context, from, to Place, opts Options) (Moved, error) {
	m, err := run(ctx, from, to, opts)
	return m, explained(err)
}

func run(ctx context.Context, from, to Place, opts Options) (m Moved, err error) {
	source, err := from.open()
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	still, err := whole(ctx, source, from)
	if err != nil {
		return m, err
	}
	copying := copies.Options{Report: opts.Report, Progress: opts.Progress}
	copying.Compare = func(made kv.DB) error { return errors.Join(copies.Same(ctx, source)(made), still()) }
	m.From = source.Name()
	m.To, m.Summary, err = fill(ctx, to, source, copying)
	return m, err
}

// Fill makes the database at a place, in which nothing may be yet, of a copy, as package copies
// tells.
func Fill(ctx context.Context, to Place, from kv.DB, opts copies.Options) (check.Summary, error) {
	_, sum, err := fill(ctx, to, from, opts)
	return sum, explained(err)
}

func fill(ctx context.Context, to Place, from kv.DB, opts copies.Options) (name string, sum check.Summary, err error) {
	if !to.Shared {
		sum, err = copies.Restore(ctx, filepath.Dir(to.Path), filepath.Base(to.Path), from, opts)
		return to.Path, sum, err
	}
	target, err := pgkv.Open(to.Path, pgkv.Options{Init: copies.MakeRoom})
	if err != nil {
		return "", sum, err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	sum, err = copies.Into(ctx, target, from, opts)
	return target.Name(), sum, err
}

// explained says of a database that cannot be used now that the log cannot be moved now.
func explained(err error) error {
	if errors.Is(err, kv.ErrUnavailable) {
		return fmt.Errorf("%w: %w", audit.Errorf(audit.Unavailable, "the database cannot be reached"), err)
	}
	return err
}

// open opens the database of a log that is there.
func (p Place) open() (kv.DB, error) {
	if p.Shared {
		return pgkv.Open(p.Path, pgkv.Options{})
	}
	db, err := boltkv.OpenReadOnly(p.Path, boltkv.Options{Summed: format.Summed()})
	if errors.Is(err, kv.ErrInUse) {
		return nil, fmt.Errorf("data folder %s is %w", filepath.Dir(p.Path), ErrInUse)
	}
	return db, err
}

// quiet is how long nothing is committed where no node is: each writes more often.
const quiet = 5 * time.Second

// whole returns an error for a database that had better not be copied as it is, and else what
// returns one if somebody has written to it meanwhile.
func whole(ctx context.Context, db kv.DB, p Place) (still func() error, err error) {
	if damages := db.Damages(); len(damages) > 0 {
		return nil, errors.Join(damages...)
	}
	if _, lost := db.Lost(); lost {
		return nil, audit.Errorf(audit.Conflict, "%s is an older state of the log than it was once: "+
			"start a server on it first, which says what is missing", db.Name())
	}
	if !p.Shared {
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
		n = tx.Version()
		return nil
	})
	return n, err
}
