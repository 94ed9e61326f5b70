package copies

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"auditlog/audit"
	"auditlog/durable"
	"auditlog/store/blocks"
	"auditlog/store/check"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/kv/boltkv"
)

// Options say how a database is made.
type Options struct {
	// Compare returns an error unless a database holds what the copy does.
	Compare func(kv.DB) error
	// Report is called with everything that a check of the database finds.
	Report func(problem string)
	// Epoch has the database be one whose ids may have been given to other entries since:
	// cursors of pages, and what is derived from the log, are of the epoch before.
	Epoch bool
	// Progress is told how many bytes of rows are written. Default: nobody.
	Progress func(bytes int64)
}

// tempName is what a database is called until it is whole.
const tempName = "restoring.tmp"

// batchBytes is how much one transaction writes.
const batchBytes = 8 << 20

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
	if opts.Progress == nil {
		opts.Progress = func(int64) {}
	}
	temp := filepath.Join(dir, tempName)
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return sum, fmt.Errorf("restore: %w", err)
	}
	sum, err := fill(ctx, temp, from, &opts)
	err = errors.Join(err, boltkv.RemoveMark(temp)) // it is of the temporary name
	if err != nil || sum.Problems > 0 {
		return sum, errors.Join(err, os.Remove(temp))
	}
	if err := os.Rename(temp, filepath.Join(dir, name)); err != nil {
		return sum, fmt.Errorf("restore: %w", err)
	}
	return sum, durable.SyncDir(dir)
}

// empty returns an error unless nothing is in a folder but what a killed restore left.
func empty(dir string) error {
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	for _, f := range files {
		if f.Name() != tempName && f.Name() != boltkv.MarkName(tempName) && f.Name() != "lost+found" {
			return audit.Errorf(audit.Conflict, "the folder %s is not empty: it holds %s", dir, f.Name())
		}
	}
	return nil
}

// fill makes the database at path, and reads all of it.
func fill(ctx context.Context, path string, from kv.DB, opts *Options) (sum check.Summary, err error) {
	db, err := boltkv.Open(path, boltkv.Options{
		Init: func(tx kv.Tx) error {
			var errs []error
			for _, name := range format.Buckets() {
				errs = append(errs, tx.CreateBucket(name))
			}
			return errors.Join(errs...)
		},
		Rising: format.Buckets(), // all of them are filled in order
		Summed: format.Summed(),
	})
	if err != nil {
		return sum, fmt.Errorf("restore: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	c := &copier{ctx: ctx, to: db, progress: opts.Progress}
	if err := from.View(c.copy); err != nil {
		return sum, fmt.Errorf("restore: %w", err)
	}
	if err := opts.Compare(db); err != nil {
		return sum, fmt.Errorf("compare what was restored: %w", err)
	}
	sizes := blocks.DefaultSizes()
	sum, err = check.Run(ctx, db, &sizes, false, opts.Report, nil)
	if err != nil || sum.Problems > 0 || !opts.Epoch {
		return sum, err
	}
	return sum, db.Update(func(tx kv.Tx) error {
		meta := tx.Bucket(format.Meta)
		return meta.Put(format.MetaEpoch, format.Uint64(format.ReadUint64(meta.Get(format.MetaEpoch))+1))
	})
}

// copier copies rows from one database to another.
type copier struct {
	ctx      context.Context
	to       kv.DB
	progress func(int64)

	bucket string
	keys   [][]byte
	values [][]byte
	size   int
	done   int64
}

func (c *copier) copy(from kv.Tx) error {
	for _, c.bucket = range format.Buckets() {
		b := from.Bucket(c.bucket)
		if b == nil {
			continue // of a format that does not have it: opening brings it up to date
		}
		for k, v := range kv.All(b) {
			c.keys, c.values = append(c.keys, k), append(c.values, v)
			if c.size += len(k) + len(v); c.size < batchBytes {
				continue
			}
			if err := c.write(); err != nil {
				return err
			}
		}
		if err := c.write(); err != nil {
			return err
		}
	}
	return from.Err()
}

// write puts what has come together into the bucket.
func (c *copier) write() error {
	if err := c.ctx.Err(); err != nil || len(c.keys) == 0 {
		return err
	}
	err := c.to.Update(func(tx kv.Tx) error {
		b := tx.Bucket(c.bucket)
		b.Rising()
		for i, k := range c.keys {
			if err := b.Put(k, c.values[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("write bucket %s: %w", c.bucket, err)
	}
	c.done += int64(c.size)
	c.progress(c.done)
	clear(c.keys)
	clear(c.values)
	c.keys, c.values, c.size = c.keys[:0], c.values[:0], 0
	return nil
}
