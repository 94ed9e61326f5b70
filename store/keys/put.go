package keys

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// Put writes the idempotency keys of sealed entries of n projects, in the order of the
// projects' numbers; of returns number i and its entries, first what is known of a key of one. Keys are put in order: a page of
// the bucket is touched once for many of them.
func Put(tx kv.Tx, n int, of func(i int) (format.ProjectID, []*audit.Entry), first func(i int, key string) Known) error {
	b := tx.Bucket(format.Keys)
	counting := true
	for i := range n {
		project, entries := of(i)
		keyed := keyedEntries(entries)
		if len(keyed) == 0 {
			continue
		}
		counting = counting && isLast(b, format.Key(project, keyed[0].Key))
		for _, e := range keyed {
			known := first(i, e.Key)
			if err := b.Put(format.Key(project, e.Key), format.KeyOwner(known.ID, known.Sum)); err != nil {
				return fmt.Errorf("put key of entry %d: %w", e.ID, err)
			}
		}
	}
	if counting {
		b.Rising()
	}
	return nil
}

// keyedEntries returns the entries that have a key, by key.
func keyedEntries(entries []*audit.Entry) (keyed []*audit.Entry) {
	for _, e := range entries {
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
