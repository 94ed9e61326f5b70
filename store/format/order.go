package format

import (
	"encoding/binary"
	"fmt"
)

// OrderRow is how many ids one key of the order bucket holds: so many that two
// keys fill a page of 4 KiB, at two bytes an id and some more.
const OrderRow = 896

// Place is where the entry with some id lies: its project, and its CreatedAt in
// units of about a second, which is enough to find its block and takes a third of
// the bytes. A purged entry is in no project.
type Place struct {
	Project ProjectID
	At      int64
}

// placeShift makes the unit of a place's time: 2^20 microseconds.
const placeShift = 20

// PlaceAt returns the place of an entry of a project, created at a time in microseconds.
func PlaceAt(p ProjectID, createdAt int64) Place {
	return Place{p, createdAt >> placeShift}
}

// Bounds returns the first microsecond of the place's time, and the one behind its last.
func (p Place) Bounds() (from, to int64) { return p.At << placeShift, (p.At + 1) << placeShift }

// OrderKey returns the key that id's place stands under, and its index there.
func OrderKey(id int64) (key []byte, index int) {
	return Uint64(uint64(id / OrderRow)), int(id % OrderRow)
}

const orderVersion = 1

// EncodeOrder encodes the places of consecutive ids: version, count, then for
// each its project and the difference of its time to the one before, and a
// checksum over key and value.
func EncodeOrder(key []byte, places []Place) []byte {
	b := binary.AppendUvarint([]byte{orderVersion}, uint64(len(places)))
	var at int64
	for _, p := range places {
		b = binary.AppendUvarint(b, uint64(p.Project))
		b = binary.AppendVarint(b, p.At-at)
		at = p.At
	}
	return appendSum(key, b)
}

// DecodeOrder reads what EncodeOrder wrote.
func DecodeOrder(key, value []byte) ([]Place, error) {
	body, err := cutSum(key, value, 1)
	if err != nil {
		return nil, fmt.Errorf("order %x: %w", key, err)
	}
	if body[0] != orderVersion {
		return nil, fmt.Errorf("order %x: %w: unknown version %d", key, ErrCorrupt, body[0])
	}
	r := &reader{s: string(body[1:])}
	places := make([]Place, r.count(2))
	var at int64
	for i := range places {
		places[i].Project = ProjectID(r.uvarint())
		at += r.varint()
		places[i].At = at
	}
	if r.err == nil && (r.s != "" || len(places) > OrderRow) {
		r.fail("bytes left over")
	}
	if r.err != nil {
		return nil, fmt.Errorf("order %x: %w", key, r.err)
	}
	return places, nil
}
