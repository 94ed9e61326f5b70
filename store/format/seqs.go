package format

import (
	"encoding/binary"
	"fmt"
	mathbits "math/bits"
	"slices"

	"auditlog/audit"
	"auditlog/store/block/bits"
)

// SeqRow is how many entries of a project one key of the seqs bucket holds: as many as
// a tile of a Merkle tree over them has leaves.
const SeqRow = 256

// Place is where the entry with some seq lies: its id, and when it was created, more or
// less: at or after at, and within 2^unit microseconds.
type Place struct {
	ID   int64
	At   int64
	Unit uint8
}

// The unit of a place's time is about a second, and in a key that is full and whose
// entries came in about the order of their times longer: so long that about so many of
// them are within one. That is enough to find a block, and takes hardly a bit an entry.
const (
	leastUnit = 20
	mostUnit  = 32
	unitRows  = 64
)

// PlaceOf returns the place of an entry.
func PlaceOf(e *audit.Entry) Place {
	return Place{ID: e.ID, At: floor(e.CreatedAt.UnixMicro(), leastUnit), Unit: leastUnit}
}

// floor returns the beginning of the unit that a time lies in.
func floor(at int64, unit uint8) int64 { return at >> unit << unit }

// Bounds returns the first microsecond of the place's time, and the one behind its last.
func (p Place) Bounds() (from, to int64) { return p.At, p.At + 1<<p.Unit }

// Holds reports whether p may be the place of e.
func (p Place) Holds(e *audit.Entry) bool {
	from, to := p.Bounds()
	at := e.CreatedAt.UnixMicro()
	return p.ID == e.ID && from <= at && at < to
}

// unitOf returns the unit for the places of one key.
func unitOf(places []Place) uint8 {
	unit := uint8(0)
	for _, p := range places {
		unit = max(unit, p.Unit)
	}
	if len(places) < SeqRow {
		return unit
	}
	steps := make([]int64, 0, SeqRow)
	least, most, sum := places[0].At, places[0].At, int64(0)
	for i := 1; i < len(places); i++ {
		least, most = min(least, places[i].At), max(most, places[i].At)
		step := places[i].At>>unit - places[i-1].At>>unit
		steps = append(steps, max(step, -step))
		sum += max(step, -step)
	}
	if sum > 4*(most>>unit-least>>unit) {
		return unit // in no order: a longer unit would be of many blocks
	}
	slices.Sort(steps)
	wide := uint64(steps[len(steps)/2]) * unitRows
	return min(max(unit, mostUnit), unit+uint8(mathbits.Len64(wide|1)-1))
}

// SeqKey returns a project's key number n. The keys of an incarnation begin with its
// first seq.
func SeqKey(p ProjectID, n int64) []byte {
	return binary.BigEndian.AppendUint64(ProjectPrefix(p), uint64(n))
}

const seqVersion = 1

// EncodePlaces encodes the places of consecutive entries of a project: version, count,
// unit, the ids, the times in that unit, and a checksum over key and value.
func EncodePlaces(key []byte, places []Place) []byte {
	unit := unitOf(places)
	ids, times := make([]int64, len(places)), make([]int64, len(places))
	for i, p := range places {
		ids[i], times[i] = p.ID, p.At>>unit
	}
	b := binary.AppendUvarint([]byte{seqVersion}, uint64(len(places)))
	b = append(b, unit)
	b = bits.AppendInts(b, ids)
	b = bits.AppendInts(b, times)
	return appendSum(key, b)
}

// DecodePlaces reads what EncodePlaces wrote.
func DecodePlaces(key, value []byte) ([]Place, error) {
	s, err := scanRow(key, value, seqVersion)
	if err != nil {
		return nil, fmt.Errorf("seqs %x: %w", key, err)
	}
	n := s.Count(1, SeqRow)
	unit := s.Byte()
	if unit > mostUnit {
		s.Fail("a unit of 2^%d", unit)
	}
	ids, times := s.Ints(n), s.Ints(n)
	if err := rowEnds(s); err != nil {
		return nil, fmt.Errorf("seqs %x: %w", key, err)
	}
	places := make([]Place, n, SeqRow)
	for i := range places {
		places[i] = Place{ids.At(s.Data, s.Frames, i), times.At(s.Data, s.Frames, i) << unit, unit}
	}
	return places, nil
}
