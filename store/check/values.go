package check

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"auditlog/audit"
	"auditlog/fulltext"
	"auditlog/store/block"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// At is how far reading everything has come: behind a key of a bucket. The zero At is the
// beginning, and the end.
type At struct {
	Bucket string `json:"bucket,omitempty"`
	After  []byte `json:"after,omitempty"`
}

// Values reads what follows a place, of one state of a database, until it has read so many
// bytes or a bucket ends, and returns the place where to go on. Each value is held against its
// checksum and decoded, by itself: the next call may see another state. What is damaged is
// reported, and the rest of its bucket passed over, which the engine's check reads.
func Values(ctx context.Context, db kv.DB, at At, most int, report func(problem string)) (next At, read int, err error) {
	if at.Bucket == "" {
		at.Bucket = format.Buckets()[0]
	}
	err = db.View(func(tx kv.Tx) error {
		next, read = At{}, 0
		b := tx.Bucket(at.Bucket)
		if b == nil {
			return fmt.Errorf("%s: %w: bucket %s is missing", db.Name(), format.ErrCorrupt, at.Bucket)
		}
		for k, v := range kv.From(b, at.After) {
			if at.After != nil && bytes.Equal(k, at.After) {
				continue
			}
			if err := decode(at.Bucket, k, v); err != nil {
				report(fmt.Sprintf("%s: bucket %s: %v", db.Name(), at.Bucket, err))
			}
			if read += len(k) + len(v); read >= most || ctx.Err() != nil {
				next = At{at.Bucket, bytes.Clone(k)}
				return ctx.Err()
			}
		}
		return nil
	})
	if errors.Is(err, kv.ErrDamaged) || errors.Is(err, format.ErrCorrupt) {
		report(err.Error())
		next, err = At{}, nil
	}
	if next.Bucket == "" {
		next = behind(at.Bucket)
	}
	return next, read, err
}

// behind returns the beginning of the bucket that follows one, or the zero At.
func behind(bucket string) At {
	all := format.Buckets()
	if i := slices.Index(all, bucket) + 1; i > 0 && i < len(all) {
		return At{Bucket: all[i]}
	}
	return At{}
}

// decode reads one value as those do who use it.
func decode(bucket string, k, v []byte) error {
	var err error
	switch bucket {
	case format.Projects:
		_, err = format.ParseProject(k, v)
	case format.Tail:
		if len(k) != 8 {
			return fmt.Errorf("key %x: %w", k, format.ErrCorrupt)
		}
		err = format.DecodeTailRow(int64(binary.BigEndian.Uint64(k)), v, func(format.ProjectID, *audit.Entry, string, int) error { return nil })
	case format.Blocks:
		err = decodeBlock(k, v)
	case format.Spans:
		if format.IsSection(k) {
			return new(format.SectionView).Open(k, v)
		}
		_, err = format.OpenSpan(k, v)
	case format.Order:
		_, err = format.DecodeOrder(k, v)
	case format.Seqs:
		_, err = format.DecodePlaces(k, v)
	case format.Changes:
		_, err = format.ParseChange(k, v)
	case format.Cursors:
		_, err = format.DecodeCursor(k, v)
	case format.Tiles:
		_, err = format.DecodeTile(k, v)
	case format.Heads:
		_, err = format.DecodeTreeState(k, v)
	case format.Master, format.Certificates:
		_, err = format.DecodeText(k, v)
	}
	return err
}

func decodeBlock(k, v []byte) error {
	key, err := fulltext.ParseBlockKey(k)
	if err != nil {
		return err
	}
	b, err := block.Open(v)
	if err != nil {
		return fmt.Errorf("%v: %w", key, err)
	}
	if b.First() != key.Position {
		return fmt.Errorf("%v: %w: begins at %v", key, format.ErrCorrupt, b.First())
	}
	return nil
}
