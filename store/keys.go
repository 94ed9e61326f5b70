package store

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"auditlog/audit"
	"auditlog/store/kv"
)

// keyKey is what an idempotency key stands under in its bucket: as it is, so that
// keys which their makers count up lie side by side and cost little.
func keyKey(p ProjectID, key string) []byte { return append(u32(p), key...) }

// keyOwner returns the id of the sealed entry of a project that has a key.
func keyOwner(tx kv.Tx, p ProjectID, key string) (id int64, ok bool) {
	return parseKeyOwner(tx.Bucket(bucketKeys).Get(keyKey(p, key)))
}

// parseKeyOwner reads the value of a key.
func parseKeyOwner(v []byte) (id int64, ok bool) {
	n, size := binary.Uvarint(v)
	return int64(n), size > 0
}

// putKeys writes the keys of sealed entries, in order: a page of the bucket is
// touched once for many of them.
func putKeys(tx kv.Tx, plans []*projectPlan) error {
	b := tx.Bucket(bucketKeys)
	counting := true
	for _, plan := range plans {
		keyed := keyedEntries(plan)
		if len(keyed) == 0 {
			continue
		}
		counting = counting && isLast(b, keyKey(plan.project.id, keyed[0].Key))
		for _, e := range keyed {
			err := b.Put(keyKey(plan.project.id, e.Key), binary.AppendUvarint(nil, uint64(e.ID)))
			if err != nil {
				return fmt.Errorf("put key of entry %d: %w", e.ID, err)
			}
		}
	}
	if counting {
		b.Rising()
	}
	return nil
}

// keyedEntries returns the entries of a plan that have a key, by key.
func keyedEntries(plan *projectPlan) (keyed []*audit.Entry) {
	for _, e := range plan.entries {
		if e.Key != "" {
			keyed = append(keyed, e)
		}
	}
	slices.SortFunc(keyed, func(a, b *audit.Entry) int { return cmp.Compare(a.Key, b.Key) })
	return keyed
}

// isLast reports whether nothing of the same project stands behind k.
func isLast(b kv.Bucket, k []byte) bool {
	next, _ := b.Cursor().Seek(k)
	return !bytes.HasPrefix(next, k[:4])
}
