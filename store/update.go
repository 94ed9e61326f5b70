package store

import (
	"errors"
	"fmt"
	"syscall"

	"go.etcd.io/bbolt"

	"auditlog/audit"
)

// A point names a place where the store writes. Every write goes through
// update, so that tests can make each one fail in each way.
type point string

const (
	pointRecord point = "record" // entries, tokens, deletion marks: the committer
	pointSeal   point = "seal"
	pointPurge  point = "purge"
)

// A phase is when, within a write, a test's fault happens.
type phase int

const (
	beforeCommit phase = iota // nothing of it is on disk
	afterCommit               // all of it is on disk, and the store is told otherwise
)

// update runs fn in a transaction and, once it is on disk, apply under Store.mu
// to bring the memory to the same state. It holds Store.writing throughout, so
// fn may read without Store.mu whatever apply functions change.
//
// An error of fn is returned as it is, and nothing is written; errNothing is no
// error to the caller. When the commit fails and certainly left nothing behind,
// as on a full disk, the answer is an Unavailable Fault and the store goes on.
// When that is not certain the store is broken for good: only what a new start
// reads from the disk is true.
func (s *Store) update(at point, fn func(*bbolt.Tx) error, apply func()) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.Err(); err != nil {
		return err
	}
	if err := s.transact(at, fn); errors.Is(err, errNothing) {
		return nil
	} else if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	apply()
	return nil
}

// errNothing is what the function of an update returns when there is nothing to
// write after all.
var errNothing = errors.New("nothing to write")

func (s *Store) transact(at point, fn func(*bbolt.Tx) error) error {
	tx, err := s.db.Begin(true)
	if err != nil {
		return s.breakOff(at, err)
	}
	defer tx.Rollback()
	for _, name := range allBuckets() {
		// bbolt does not keep it: pages that only grow are filled, others leave room.
		tx.Bucket(name).FillPercent = fillPercent(name)
	}
	if err := fn(tx); err != nil {
		return err
	}
	if err := s.opts.fault(at, beforeCommit); err != nil {
		return s.absent(at, err)
	}
	id := tx.ID()
	if err := tx.Commit(); err != nil {
		return s.commitFailed(at, id, err)
	}
	if err := s.opts.fault(at, afterCommit); err != nil {
		return s.commitFailed(at, id, err)
	}
	return nil
}

func fillPercent(bucket []byte) float64 {
	switch string(bucket) {
	case string(bucketTail), string(bucketOrder), string(bucketChanges), string(bucketBlocks):
		return 0.95
	}
	return bbolt.DefaultFillPercent
}

// commitFailed tells a commit that is absent from one that may be there: bbolt
// writes the data pages first, then the meta page that makes them count, and a
// reader's transaction id comes from the newest valid meta page.
func (s *Store) commitFailed(at point, id int, cause error) error {
	tx, err := s.db.Begin(false)
	if err != nil {
		return s.breakOff(at, errors.Join(cause, err))
	}
	defer tx.Rollback()
	if tx.ID() >= id {
		return s.breakOff(at, cause)
	}
	return s.absent(at, cause)
}

func (s *Store) absent(at point, cause error) error {
	message := "the log cannot write now; nothing was stored"
	if errors.Is(cause, syscall.ENOSPC) {
		message = "the disk is full; nothing was stored"
	}
	return fmt.Errorf("commit %s: %w: %w", at, audit.Errorf(audit.Unavailable, "%s", message), cause)
}

func (s *Store) breakOff(at point, cause error) error {
	err := fmt.Errorf("commit %s: %w: %w", at, audit.Errorf(audit.Unavailable,
		"the log does not know whether its last commit is on disk and must be started again"), cause)
	s.fail(err)
	return err
}
