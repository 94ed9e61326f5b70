package store

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// putKeys writes the keys of sealed entries, in order: a page of the bucket is
// touched once for many of them.
func putKeys(tx kv.Tx, plans []*projectPlan) error {
	b := tx.Bucket(format.Keys)
	counting := true
	for _, plan := range plans {
		keyed := keyedEntries(plan)
		if len(keyed) == 0 {
			continue
		}
		counting = counting && isLast(b, format.Key(plan.project.id, keyed[0].Key))
		for _, e := range keyed {
			err := b.Put(format.Key(plan.project.id, e.Key), format.KeyOwner(e.ID))
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
