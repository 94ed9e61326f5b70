package blocks

import (
	"fmt"
	"maps"
	"slices"

	"auditlog/store/format"
	"auditlog/store/kv"
)

// Disown forgets where a project's entries are: whose their ids are, and their places, of at
// most so many keys of each. left is false when there is none.
func Disown(tx kv.Tx, project format.ProjectID, most int) (left bool, err error) {
	ids := make(map[string][]int) // by the key of the order bucket, indexes
	rows := 0
	for k, v := range kv.Prefix(tx.Bucket(format.Seqs), format.ProjectPrefix(project)) {
		if len(ids) >= most || rows == most {
			break
		}
		places, err := format.DecodePlaces(k, v)
		if err != nil {
			return false, err
		}
		for _, p := range places {
			key, index := format.OrderKey(p.ID)
			ids[string(key)] = append(ids[string(key)], index)
		}
		rows++
	}
	if err := disown(tx, project, ids); err != nil {
		return false, err
	}
	if _, err := tx.Bucket(format.Seqs).DeleteRange(format.ProjectPrefix(project), format.ProjectPrefix(project+1), rows); err != nil {
		return false, fmt.Errorf("delete from %s: %w", format.Seqs, err)
	}
	return rows > 0, nil
}

// disown says of ids, which are given by key and index, that their entries are gone.
func disown(tx kv.Tx, project format.ProjectID, ids map[string][]int) error {
	var keys [][]byte
	for _, key := range slices.Sorted(maps.Keys(ids)) {
		keys = append(keys, []byte(key))
	}
	bucket := tx.Bucket(format.Order)
	var values [][]byte
	var failed error
	bucket.GetMany(keys, func(key, value []byte) {
		owners, err := format.DecodeOrder(key, value)
		if err != nil {
			failed = err
			return
		}
		for _, index := range ids[string(key)] {
			if index < len(owners) && owners[index].Project == project {
				owners[index] = format.Owner{}
			}
		}
		values = append(values, format.EncodeOrder(key, owners))
	})
	if failed != nil {
		return failed
	}
	for i, key := range keys {
		if err := bucket.Put(key, values[i]); err != nil {
			return fmt.Errorf("put order: %w", err)
		}
	}
	return nil
}

// Own says whose a sealed id is from now on.
func Own(tx kv.Tx, id int64, owner format.Owner) error {
	key, index := format.OrderKey(id)
	owners, err := ReadOrder(tx, key)
	if err == nil && index >= len(owners) {
		err = fmt.Errorf("order %x: %w: entry %d is missing", key, format.ErrCorrupt, id)
	}
	if err != nil {
		return err
	}
	owners[index] = owner
	return tx.Bucket(format.Order).Put(key, format.EncodeOrder(key, owners))
}
