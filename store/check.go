package store

import (
	"context"
	"errors"

	"auditlog/store/check"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// Check checks the store in folder dir, which no process may have open for
// writing: see Store.Check.
func Check(ctx context.Context, dir string, report func(problem string)) (check.Summary, error) {
	return CheckOf(ctx, func() (*Store, error) { return OpenReadOnly(dir) }, report)
}

// CheckOf checks the store that open opens for reading.
func CheckOf(ctx context.Context, open func() (*Store, error), report func(problem string)) (check.Summary, error) {
	s, err := open()
	if errors.Is(err, format.ErrCorrupt) || errors.Is(err, kv.ErrDamaged) {
		report(err.Error())
		return check.Summary{Problems: 1}, nil
	}
	if err != nil {
		return check.Summary{}, err
	}
	defer s.Close()
	return s.Check(ctx, report)
}

// Check reads the whole database and calls report with everything that is not as
// it has to be. The error is for what kept it from reading on. The log may be used meanwhile, and what is
// freed is soon used again: see check.Run.
func (s *Store) Check(ctx context.Context, report func(problem string)) (check.Summary, error) {
	return s.CheckTold(ctx, report, nil)
}

// CheckTold is Check, and tells progress how much of it is done, from 0 to 1.
func (s *Store) CheckTold(ctx context.Context, report func(problem string), progress func(float64)) (check.Summary, error) {
	sum, err := check.Run(ctx, s.db, check.Options{Sizes: &s.opts.sizes, Others: s.Err() == nil, Report: report, Progress: progress})
	return sum, closed(err)
}

// ReadSome reads a part of the database behind a place, whatever it holds, and reports what is
// damaged there: see check.Values. It is for who reads everything, a little at a time.
func (s *Store) ReadSome(ctx context.Context, at check.At, most int, report func(problem string)) (next check.At, read int, err error) {
	next, read, err = check.Values(ctx, s.db, at, most, report)
	return next, read, closed(err)
}

// ReadStructure reads what leads to every value, of one state of the database, and reports what is damaged:
// also that a part is an earlier state of it, as each value by itself does not tell.
func (s *Store) ReadStructure(report func(problem string)) error {
	return closed(s.db.Check(func(err error) { report(err.Error()) }))
}

// Damages returns what was found to be damaged when the store was opened.
func (s *Store) Damages() []error { return s.db.Damages() }
