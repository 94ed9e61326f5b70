package blocks

import (
	"bytes"

	"auditlog/fulltext"
	"auditlog/store/block"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// HasMany reports whether so many small blocks have not changed since a sequence.
func HasMany(tx kv.Tx, since uint64, many int) bool {
	n := 0
	for _, v := range kv.All(tx.Bucket(format.Small)) {
		if format.ReadUint64(v) > since {
			continue
		}
		if n++; n >= many {
			return true
		}
	}
	return false
}

// Quiet returns small blocks that have not changed since a sequence, from the one under the key
// from on, as many as a budget has room for, under sequences of their own behind seq, as they are to be told
// of. next is from where there may be more, nil where there are none. What damage hides stays as it is.
func (r *Reader) Quiet(tx kv.Tx, from []byte, since uint64, most Budget, seq *uint64) (quiet []Keyed, next []byte, err error) {
	var keys [][]byte
	for k, v := range kv.From(tx.Bucket(format.Small), from) {
		if len(keys) == most.Blocks {
			next = bytes.Clone(k)
			break
		}
		if format.ReadUint64(v) <= since {
			keys = append(keys, bytes.Clone(k))
		}
	}
	tx.Pass()
	kv.Expect(tx, kv.Expected{Bucket: format.Blocks, Keys: keys})
	for _, k := range keys {
		if most.Bytes <= 0 {
			return quiet, k, nil
		}
		key, err := fulltext.ParseBlockKey(k)
		if err != nil {
			return nil, nil, err
		}
		b, err := r.renumbered(tx, key, since, *seq+1)
		if err != nil {
			return nil, nil, err
		}
		if b != nil {
			*seq++
			most.Bytes -= b.Size()
			quiet = append(quiet, Keyed{key, b})
		}
	}
	return quiet, next, nil
}

// renumbered returns a block under another sequence; nil where it has changed since one, or cannot
// be read.
func (r *Reader) renumbered(tx kv.Tx, key format.BlockKey, since, seq uint64) (*block.Block, error) {
	v := tx.Bucket(format.Blocks).Get(key.Append(nil))
	if v == nil {
		tx.Pass()
		return nil, nil
	}
	b, err := r.Fresh(key, v)
	if IsDamage(err) {
		return nil, nil
	}
	if err != nil || b.Seq() > since {
		return nil, err
	}
	if b, err = b.Renumbered(seq); err != nil {
		return nil, r.damaged(key, err)
	}
	return b, nil
}
