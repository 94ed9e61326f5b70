package store

import (
	"fmt"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// readOrder returns the places of one key; none where the key is not there.
func readOrder(tx kv.Tx, key []byte) ([]format.Place, error) {
	v := tx.Bucket(format.Order).Get(key)
	if v == nil {
		return nil, nil
	}
	return format.DecodeOrder(key, v)
}

// appendOrder writes the places of consecutive entries, the first of which
// follows the last id in the bucket.
func appendOrder(tx kv.Tx, entries []*audit.Entry, owners []*project) error {
	for i := 0; i < len(entries); {
		key, index := format.OrderKey(entries[i].ID)
		places, err := readOrder(tx, key)
		if err != nil {
			return err
		}
		if len(places) == 0 && index == 1 {
			places = make([]format.Place, 1) // there is no id 0
		}
		if len(places) != index {
			return fmt.Errorf("order %x: %w: %d places before entry %d", key, format.ErrCorrupt, len(places), entries[i].ID)
		}
		for ; i < len(entries) && len(places) < format.OrderRow; i++ {
			places = append(places, format.PlaceAt(owners[i].id, entries[i].CreatedAt.UnixMicro()))
		}
		if err := tx.Bucket(format.Order).Put(key, format.EncodeOrder(key, places)); err != nil {
			return fmt.Errorf("put order: %w", err)
		}
	}
	return nil
}

// placeOf returns where the entry with id lies among the blocks; ok is false when
// there is none, or no more.
func placeOf(tx kv.Tx, id int64) (p format.Place, ok bool, err error) {
	key, index := format.OrderKey(id)
	places, err := readOrder(tx, key)
	if err != nil || index >= len(places) {
		return format.Place{}, false, err
	}
	return places[index], places[index].Project != 0, nil
}
