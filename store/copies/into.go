package copies

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math"

	"auditlog/audit"
	"auditlog/store/check"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/upgrade"
)

// MakeRoom makes the buckets of a database that Into is to fill.
func MakeRoom(tx kv.Tx) error { return errors.Join(makeBuckets(tx), tx.CreateBucket(format.Filling)) }

// makeBuckets makes those of a log.
func makeBuckets(tx kv.Tx) error {
	var errs []error
	for _, name := range format.Buckets() {
		errs = append(errs, tx.CreateBucket(name))
	}
	return errors.Join(errs...)
}

// Into makes a database in which there is nothing but its buckets hold what a copy does, compares
// it with the copy, and checks all of it. Until then the database says that it is being filled,
// and no log is opened in it: a crash leaves it so, and the next run begins anew. One in
// which the check finds problems is emptied; the summary counts them.
//
// It returns Conflict for a database that holds something else.
func Into(ctx context.Context, to, from kv.DB, opts Options) (check.Summary, error) {
	identity, err := identityOf(from)
	if err != nil {
		return check.Summary{}, err
	}
	err = to.Update(func(tx kv.Tx) error {
		if err := vacant(tx, to.Name(), identity); err != nil {
			return err
		}
		return errors.Join(wipe(tx), tx.Bucket(format.Filling).Put(identity, []byte{1}))
	})
	if err != nil {
		return check.Summary{}, err
	}
	sum, err := transfer(ctx, to, from, &opts)
	if err != nil {
		return sum, err
	}
	last := opts.finish
	if sum.Problems > 0 {
		last = wipe
	}
	return sum, to.Update(func(tx kv.Tx) error {
		return errors.Join(last(tx), tx.Bucket(format.Filling).Delete(identity))
	})
}

func identityOf(db kv.DB) (identity []byte, err error) {
	err = db.View(func(tx kv.Tx) error {
		identity = bytes.Clone(tx.Bucket(format.Meta).Get(format.MetaIdentity))
		return nil
	})
	if err == nil && len(identity) != 16 {
		err = fmt.Errorf("%s: %w: it has no identity", db.Name(), format.ErrCorrupt)
	}
	return identity, err
}

// vacant returns an error unless nothing is in a database but what a run that was cut short has
// left there of the same log.
func vacant(tx kv.Tx, name string, identity []byte) error {
	meta := tx.Bucket(format.Meta)
	if meta == nil || tx.Bucket(format.Filling) == nil && meta.Get(format.MetaIdentity) == nil {
		return audit.Errorf(audit.Conflict, "%s is no place for a log: it holds something else", name)
	}
	filling, held := upgrade.Filling(tx), meta.Get(format.MetaIdentity)
	switch {
	case bytes.Equal(filling, identity):
		return nil
	case filling != nil:
		return audit.Errorf(audit.Conflict, "%s holds a part of another log, %s, whose copying was cut short", name, hex.EncodeToString(filling))
	case bytes.Equal(held, identity):
		return audit.Errorf(audit.Conflict, "%s holds this log already", name)
	case held != nil:
		return audit.Errorf(audit.Conflict, "%s holds another log already, %s", name, hex.EncodeToString(held))
	}
	for _, bucket := range format.Buckets() {
		if key, _ := tx.Bucket(bucket).Cursor().First(); key != nil {
			return audit.Errorf(audit.Conflict, "%s is not empty: bucket %s has rows", name, bucket)
		}
	}
	return nil
}

// wipe empties all buckets.
func wipe(tx kv.Tx) error {
	for _, bucket := range format.Buckets() {
		if _, err := tx.Bucket(bucket).DeleteRange(nil, nil, math.MaxInt); err != nil {
			return err
		}
	}
	return nil
}

// Same returns what compares a database with from, key by key.
func Same(ctx context.Context, from kv.DB) func(kv.DB) error {
	return func(made kv.DB) error {
		return from.View(func(want kv.Tx) error {
			return made.View(func(got kv.Tx) error {
				for _, name := range format.Buckets() {
					if err := same(ctx, name, got, want); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
}

func same(ctx context.Context, name string, got, want kv.Tx) error {
	if want.Bucket(name) == nil {
		return nil // see copy
	}
	a, b := got.Bucket(name).Cursor(), want.Bucket(name).Cursor()
	ka, va := a.First()
	kb, vb := b.First()
	for n := 0; ka != nil || kb != nil; n++ {
		if !bytes.Equal(ka, kb) || !bytes.Equal(va, vb) {
			return fmt.Errorf("bucket %s differs, at key %x where there should be %x", name, ka, kb)
		}
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		ka, va = a.Next()
		kb, vb = b.Next()
	}
	return nil
}
