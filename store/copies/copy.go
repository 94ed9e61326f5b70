package copies

import (
	"context"
	"fmt"

	"auditlog/store/blocks"
	"auditlog/store/check"
	"auditlog/store/format"
	"auditlog/store/kv"
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

// transfer copies everything, compares and checks it.
func transfer(ctx context.Context, to, from kv.DB, opts *Options) (sum check.Summary, err error) {
	c := &copier{ctx: ctx, to: to, progress: opts.Progress}
	if c.progress == nil {
		c.progress = func(int64) {}
	}
	if err := from.View(c.copy); err != nil {
		return sum, fmt.Errorf("copy the log: %w", err)
	}
	if err := opts.Compare(to); err != nil {
		return sum, fmt.Errorf("compare what was copied: %w", err)
	}
	sizes := blocks.DefaultSizes()
	return check.Run(ctx, to, check.Options{Sizes: &sizes, Report: opts.Report})
}

// finish makes of a database that is whole one that the log goes on with.
func (o *Options) finish(tx kv.Tx) error {
	if !o.Epoch {
		return nil
	}
	meta := tx.Bucket(format.Meta)
	return meta.Put(format.MetaEpoch, format.Uint64(format.ReadUint64(meta.Get(format.MetaEpoch))+1))
}

// batchBytes is how much one transaction writes.
const batchBytes = 8 << 20

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
