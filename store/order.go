package store

import (
	"encoding/binary"
	"fmt"

	"auditlog/audit"
	"auditlog/store/kv"
)

// orderSpan is how many ids one key of the order bucket holds: so many that two
// keys fill a page of 4 KiB, at two bytes an id and some more.
const orderSpan = 896

// place is where the entry with some id lies: its project, and its CreatedAt in
// units of about a second, which is enough to find its block and takes a third of
// the bytes. A purged entry is in no project.
type place struct {
	project ProjectID
	at      int64
}

// placeShift makes the unit of a place's time: 2^20 microseconds.
const placeShift = 20

func placeAt(p ProjectID, e *audit.Entry) place {
	return place{p, e.CreatedAt.UnixMicro() >> placeShift}
}

// bounds returns the first microsecond of the place's time, and the one behind its last.
func (p place) bounds() (from, to int64) { return p.at << placeShift, (p.at + 1) << placeShift }

// orderKey returns the key that id's place stands under, and its index there.
func orderKey(id int64) (key []byte, index int) {
	return u64(uint64(id / orderSpan)), int(id % orderSpan)
}

const orderVersion = 1

// encodeOrder encodes the places of consecutive ids: version, count, then for
// each its project and the difference of its time to the one before, and a
// checksum over key and value.
func encodeOrder(key []byte, places []place) []byte {
	b := binary.AppendUvarint([]byte{orderVersion}, uint64(len(places)))
	var at int64
	for _, p := range places {
		b = binary.AppendUvarint(b, uint64(p.project))
		b = binary.AppendVarint(b, p.at-at)
		at = p.at
	}
	return appendSum(key, b)
}

func decodeOrder(key, value []byte) ([]place, error) {
	body, err := cutSum(key, value, 1)
	if err != nil {
		return nil, fmt.Errorf("order %x: %w", key, err)
	}
	if body[0] != orderVersion {
		return nil, fmt.Errorf("order %x: %w: unknown version %d", key, errCorrupt, body[0])
	}
	r := &reader{s: string(body[1:])}
	places := make([]place, r.count(2))
	var at int64
	for i := range places {
		places[i].project = ProjectID(r.uvarint())
		at += r.varint()
		places[i].at = at
	}
	if r.err == nil && (r.s != "" || len(places) > orderSpan) {
		r.fail("bytes left over")
	}
	if r.err != nil {
		return nil, fmt.Errorf("order %x: %w", key, r.err)
	}
	return places, nil
}

// readOrder returns the places of one key; none where the key is not there.
func readOrder(tx kv.Tx, key []byte) ([]place, error) {
	v := tx.Bucket(bucketOrder).Get(key)
	if v == nil {
		return nil, nil
	}
	return decodeOrder(key, v)
}

// appendOrder writes the places of consecutive entries, the first of which
// follows the last id in the bucket.
func appendOrder(tx kv.Tx, entries []*audit.Entry, owners []*project) error {
	for i := 0; i < len(entries); {
		key, index := orderKey(entries[i].ID)
		places, err := readOrder(tx, key)
		if err != nil {
			return err
		}
		if len(places) == 0 && index == 1 {
			places = make([]place, 1) // there is no id 0
		}
		if len(places) != index {
			return fmt.Errorf("order %x: %w: %d places before entry %d", key, errCorrupt, len(places), entries[i].ID)
		}
		for ; i < len(entries) && len(places) < orderSpan; i++ {
			places = append(places, placeAt(owners[i].id, entries[i]))
		}
		if err := tx.Bucket(bucketOrder).Put(key, encodeOrder(key, places)); err != nil {
			return fmt.Errorf("put order: %w", err)
		}
	}
	return nil
}

// placeOf returns where the entry with id lies among the blocks; ok is false when
// there is none, or no more.
func placeOf(tx kv.Tx, id int64) (p place, ok bool, err error) {
	key, index := orderKey(id)
	places, err := readOrder(tx, key)
	if err != nil || index >= len(places) {
		return place{}, false, err
	}
	return places[index], places[index].project != 0, nil
}
