// Package kvtest makes an engine of package kv fail in the ways in which engines do,
// for tests of what stands on one.
package kvtest

import (
	"errors"
	"fmt"
	"iter"
	"slices"

	"auditlog/store/kv"
)

// DB is an engine that does as it is told. The functions may be nil; they are called
// by whichever goroutine reads or writes.
type DB struct {
	kv.DB
	// Before is called with the buckets that were written to when all is ready to be
	// committed. Its error makes the commit fail with nothing written.
	Before func(buckets []string) error
	// After is called when a commit is durable. With its error the writer is told that
	// nobody knows.
	After func() error
	// Put is called with each key that is put.
	Put func(bucket string, key []byte)
	// Read is called before each read in a transaction. Its error makes that read fail.
	Read func() error
	// Again has the function of each Update run twice, and what it did first forgotten.
	Again bool
	// Nodes is set where several logs have the database, each by a DB of its own. Faster is called
	// between the runs of an Update that is run twice: what others commit there was faster.
	Nodes  bool
	Faster func()
}

var errAgain = errors.New("run it again")

// Shared reports whether several logs have the database.
func (db *DB) Shared() bool { return db.Nodes || db.DB.Shared() }

// View runs fn in a transaction whose reads may fail.
func (db *DB) View(fn func(kv.Tx) error) error {
	return db.DB.View(func(tx kv.Tx) error { return db.run(tx, nil, fn) })
}

// ViewExpecting is View of who knows what will be read.
func (db *DB) ViewExpecting(expected []kv.Expected, fn func(kv.Tx) error) error {
	return kv.View(db.DB, func() []kv.Expected { return expected }, func(tx kv.Tx) error { return db.run(tx, nil, fn) })
}

// Update runs fn, perhaps twice, and commits, perhaps.
func (db *DB) Update(fn func(kv.Tx) error) error {
	if db.Again {
		err := db.DB.Update(func(tx kv.Tx) error { return errors.Join(db.run(tx, new([]string), fn), errAgain) })
		if !errors.Is(err, errAgain) {
			return err
		}
		if db.Faster != nil {
			db.Faster()
		}
	}
	var failed error // stays so when the engine runs fn again
	err := db.DB.Update(func(tx kv.Tx) error {
		var wrote []string
		if err := db.run(tx, &wrote, fn); err != nil {
			return err
		}
		if failed == nil && db.Before != nil {
			failed = db.Before(wrote)
		}
		if failed != nil {
			return fmt.Errorf("%w: %w", kv.ErrAbsent, failed)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := call(db.After); err != nil {
		return fmt.Errorf("%w: %w", kv.ErrUnknown, err)
	}
	return nil
}

func (db *DB) run(inner kv.Tx, wrote *[]string, fn func(kv.Tx) error) error {
	t := &tx{Tx: inner, db: db, wrote: wrote}
	err := fn(t)
	if failed := t.Err(); failed != nil {
		return failed
	}
	return err
}

func call(fn func() error) error {
	if fn == nil {
		return nil
	}
	return fn()
}

type tx struct {
	kv.Tx
	db    *DB
	wrote *[]string // names of buckets, each once
	err   error
}

func (t *tx) Err() error {
	if t.err != nil {
		return t.err
	}
	return t.Tx.Err()
}

// Expect has the engine know what will be read.
func (t *tx) Expect(all ...kv.Expected) {
	kv.Expect(t.Tx, func() []kv.Expected { return all })
}

// fails reports whether a read fails, as it does once another has.
func (t *tx) fails() bool {
	if t.err == nil {
		t.err = call(t.db.Read)
	}
	return t.err != nil
}

func (t *tx) Bucket(name string) kv.Bucket {
	b := t.Tx.Bucket(name)
	if b == nil {
		return nil
	}
	return bucket{b, name, t}
}

type bucket struct {
	kv.Bucket
	name string
	tx   *tx
}

func (b bucket) Get(key []byte) []byte {
	if b.tx.fails() {
		return nil
	}
	return b.Bucket.Get(key)
}

func (b bucket) GetMany(keys [][]byte, fn func(key, value []byte)) {
	for _, k := range keys {
		fn(k, b.Get(k))
	}
}

func (b bucket) Since(version uint64) iter.Seq2[[]byte, []byte] {
	if b.tx.fails() {
		return func(func(_, _ []byte) bool) {}
	}
	return b.Bucket.Since(version)
}

func (b bucket) Put(key, value []byte) error {
	b.writes()
	if b.tx.db.Put != nil {
		b.tx.db.Put(b.name, key)
	}
	return b.Bucket.Put(key, value)
}

func (b bucket) Delete(key []byte) error {
	b.writes()
	return b.Bucket.Delete(key)
}

func (b bucket) writes() {
	if !slices.Contains(*b.tx.wrote, b.name) {
		*b.tx.wrote = append(*b.tx.wrote, b.name)
	}
}

func (b bucket) DeleteRange(from, to []byte, limit int) (int, error) {
	if b.tx.fails() {
		return 0, b.tx.err
	}
	b.writes()
	return b.Bucket.DeleteRange(from, to, limit)
}

func (b bucket) Cursor() kv.Cursor { return cursor{b.Bucket.Cursor(), b.tx} }

type cursor struct {
	kv.Cursor
	tx *tx
}

func (c cursor) First() (k, v []byte) {
	if c.tx.fails() {
		return nil, nil
	}
	return c.Cursor.First()
}

func (c cursor) Last() (k, v []byte) {
	if c.tx.fails() {
		return nil, nil
	}
	return c.Cursor.Last()
}

func (c cursor) Seek(key []byte) (k, v []byte) {
	if c.tx.fails() {
		return nil, nil
	}
	return c.Cursor.Seek(key)
}

func (c cursor) Next() (k, v []byte) {
	if c.tx.fails() {
		return nil, nil
	}
	return c.Cursor.Next()
}

func (c cursor) Prev() (k, v []byte) {
	if c.tx.fails() {
		return nil, nil
	}
	return c.Cursor.Prev()
}
