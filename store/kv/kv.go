// Package kv is the ordered key-value store with transactions that the log stands
// on: what package store may ask of an engine, and what an engine owes it. Package
// boltkv is one on a single machine's disk.
//
// It knows nothing of entries, and no engine's type crosses it. An engine may be far
// away: each read may then fail, several keys asked for at once cost one round trip,
// and a write may have to be run again because another was faster. So
//
//   - reads have no error of their own. A read that fails answers as if nothing were
//     there, and so does every one after it; the transaction keeps the first failure,
//     and View and Update return it whatever their function returned. Nothing that
//     was concluded from an absence may leave the function in another way. Only keys that
//     damage hides can be passed by, by who says what is missing: see Tx.Pass.
//   - Update may call its function more than once. Only what the last call did counts,
//     so a function begins by setting everything that it leaves behind.
//   - other processes may write as well, where Shared says so. Whoever keeps something of the
//     database in memory then sees by Tx.Version that there is more, and by Bucket.Since what.
//   - keys and values that were read are the transaction's: they are copied before it
//     ends, and never changed. Those that are put stay as they are until it ends.
package kv

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
)

// What can be in the chain of an engine's errors.
var (
	// ErrClosed says that the database is closed. Nothing was read or written.
	ErrClosed = errors.New("the database is closed")
	// ErrInUse says that another process has the database open.
	ErrInUse = errors.New("another process has the database open")
	// ErrDamaged says that what is there is no database, or not a whole one.
	ErrDamaged = errors.New("the database is damaged")
	// ErrUnavailable says that the database cannot be reached, or cannot do now what it is asked
	// for. It may later.
	ErrUnavailable = errors.New("the database cannot be used")
	// ErrNothing is for the function of an Update that has nothing to write after all, to
	// return: Update returns it once what the function has read cannot be lost any more.
	ErrNothing = errors.New("nothing to write")
	// ErrAbsent says that a commit failed, and left nothing behind.
	ErrAbsent = errors.New("nothing was written")
	// ErrForked says that the database no longer holds what was read from it, as where a server
	// took over that had not got all. Nothing is read or written any more: whatever is kept of the
	// database is to be thrown away, and the database to be opened again.
	ErrForked = errors.New("the database no longer holds what was read from it")
	// ErrUnknown says that a commit failed, and that nobody knows whether it is stored.
	// Only opening the database again tells.
	ErrUnknown = errors.New("it is not known what was written")
)

// Hidden is the error of a read that met damage, and says which keys of a bucket it hides, at
// most: those from From on, the first of all where that is nil, and before To, or all
// where that is nil.
type Hidden struct {
	Bucket   string
	From, To []byte
	// AtMost says that some of these may be read all the same.
	AtMost bool
	Err    error // has ErrDamaged in its chain
}

func (h *Hidden) Error() string { return h.Err.Error() }

func (h *Hidden) Unwrap() error { return h.Err }

// Faulted is deferred by who reads bytes of a transaction: what the disk does not give of a
// mapped file is an error then, which is damage.
func Faulted(err *error) {
	switch r := recover().(type) {
	case nil:
	case interface{ Addr() uintptr }:
		*err = fmt.Errorf("%w: the disk does not give it: %v", ErrDamaged, r)
	default:
		panic(r)
	}
}

// DB is an open database. Its methods may be called by several goroutines at once.
type DB interface {
	// View runs fn on one state of the database: the newest, or a newer one than any
	// commit that was known when it began.
	View(fn func(Tx) error) error
	// Update runs fn and commits what it wrote, all of it or nothing. It returns nil
	// once that is durable. An error of fn is returned as it is and nothing is written,
	// ErrNothing once what fn has read is durable; that of a commit has ErrAbsent or ErrUnknown
	// in its chain.
	Update(fn func(Tx) error) error

	// Shared reports whether others than this DB may commit to the database. A View may then
	// see a commit that is lost with the machine that made it: what must not leave before it
	// is durable waits for a commit that was begun after it was seen.
	Shared() bool
	// Name says in messages which database this is, as the path of its file does.
	Name() string
	// Size returns how many bytes the database takes, and how many of these are free
	// to be used again.
	Size() (total, free int64, err error)
	// Release gives memory back that only makes reading faster.
	Release() error
	// Check calls report with everything that is wrong with the engine's own
	// structure, of one state of the database.
	Check(report func(error)) error
	// Damages returns what opening found to be wrong with it.
	Damages() []error
	// Lost returns the greatest Height that was committed, of a database in which it is gone:
	// it is an older state than it was once. ok is false where that is not known of it,
	// or was accepted by AcceptLoss.
	Lost() (height uint64, ok bool)
	AcceptLoss() error
	// Close waits for transactions under way and closes the database.
	Close() error
}

// Tx is a transaction. It is one goroutine's, and over when its function returns.
type Tx interface {
	// Bucket returns the bucket with a name, or nil when there is none.
	Bucket(name string) Bucket
	// CreateBucket makes an empty bucket unless it is there.
	CreateBucket(name string) error
	// Version numbers the state that the transaction reads. It rises with each commit, whoever
	// makes it: that of an Update, if it is the next, makes the state Version + 1.
	Version() uint64
	// Height tells how far the log has come with this commit, which never goes back but
	// when commits are lost.
	Height(n uint64)
	// Err returns why a read failed, if one did.
	Err() error
	// Pass forgets the failure of a read that met damage, and returns what that hides: reads go
	// on around it, and who asks for this takes it on himself that something is missing. It
	// returns nil, and forgets nothing, where no read failed or one did otherwise, and in an
	// Update.
	Pass() *Hidden
}

// Bucket is a map from keys to values, in the order of the bytes of the keys.
type Bucket interface {
	// Get returns the value of key, or nil.
	Get(key []byte) []byte
	// GetMany calls fn with each key and its value, or nil, in the order of keys.
	GetMany(keys [][]byte, fn func(key, value []byte))
	// Since walks the keys that commits behind a version have put, in the order of keys: these
	// at least, for an engine that does not know walks all.
	Since(version uint64) iter.Seq2[[]byte, []byte]
	Put(key, value []byte) error
	// Delete deletes key if it is there.
	Delete(key []byte) error
	// DeleteRange deletes the keys from from on and before to, the first limit of
	// them, and returns how many they were.
	DeleteRange(from, to []byte, limit int) (int, error)
	// Rising tells that nothing will be put between the keys that this transaction
	// puts, so that no room need be left there.
	Rising()
	Cursor() Cursor
}

// Cursor walks a bucket. Each method returns the key and value that it moves to, or a
// nil key. A cursor that has left the bucket is moved by First, Last and Seek only,
// and so is one whose bucket was written to.
type Cursor interface {
	First() (key, value []byte)
	Last() (key, value []byte)
	// Seek moves to the first key that is not before key.
	Seek(key []byte) (k, v []byte)
	Next() (key, value []byte)
	Prev() (key, value []byte)
	// Past moves over hidden keys of this bucket: to the first behind them, or, back, to the
	// last before.
	Past(h *Hidden, back bool) (key, value []byte)
}

// Marked is an engine whose database may lose commits that were read. Whoever keeps something that was
// read beyond the end of the process keeps a mark with it.
type Marked interface {
	// Mark names a state of the database that is as new as any that was read, or newer.
	Mark() string
	// Holds reports whether the database still holds all that the state of a mark held.
	Holds(mark string) (bool, error)
}

// From walks the keys of a bucket that are not before key; a nil key is before all.
func From(b Bucket, key []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		c := b.Cursor()
		for k, v := c.Seek(key); k != nil && yield(k, v); k, v = c.Next() {
		}
	}
}

// All walks a bucket.
func All(b Bucket) iter.Seq2[[]byte, []byte] { return From(b, nil) }

// Prefix walks the keys of a bucket that begin with prefix.
func Prefix(b Bucket, prefix []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		for k, v := range From(b, prefix) {
			if !bytes.HasPrefix(k, prefix) || !yield(k, v) {
				return
			}
		}
	}
}

// backward is a cursor that moves to the last key up to another at once, as one does that has to
// fetch what it moves to.
type backward interface {
	AtOrBefore(key []byte) (k, v []byte)
	Before(key []byte) (k, v []byte)
}

// AtOrBefore returns the last key that is key or before it, and its value.
func AtOrBefore(c Cursor, key []byte) (k, v []byte) {
	if c, ok := c.(backward); ok {
		return c.AtOrBefore(key)
	}
	k, v = c.Seek(key)
	if bytes.Equal(k, key) {
		return k, v
	}
	return previous(c, k)
}

// Before returns the last key before key, and its value.
func Before(c Cursor, key []byte) (k, v []byte) {
	if c, ok := c.(backward); ok {
		return c.Before(key)
	}
	k, _ = c.Seek(key)
	return previous(c, k)
}

// previous moves a cursor back from where a Seek led, which is behind the end if k
// is nil.
func previous(c Cursor, k []byte) (key, value []byte) {
	if k == nil {
		return c.Last()
	}
	return c.Prev()
}

// Next returns the least key behind all that begin with prefix, nil when there is none.
func Next(prefix []byte) []byte {
	next := bytes.Clone(prefix)
	for i := len(next) - 1; i >= 0; i-- {
		if next[i]++; next[i] != 0 {
			return next[:i+1]
		}
	}
	return nil
}
