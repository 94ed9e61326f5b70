package store

import (
	"encoding/binary"
	"fmt"
	mathbits "math/bits"
	"slices"
	"sort"

	"auditlog/audit"
	"auditlog/store/block/bits"
	"auditlog/store/kv"
)

// seqSpan is how many entries of a project one key of the seqs bucket holds: as many as
// a tile of a Merkle tree over them has leaves.
const seqSpan = 256

// place is where the entry with some seq lies: its id, and when it was created, more or
// less: at or after at, and within 2^unit microseconds.
type place struct {
	id   int64
	at   int64
	unit uint8
}

// The unit of a place's time is about a second, and in a key that is full and whose
// entries came in about the order of their times longer: so long that about so many of
// them are within one. That is enough to find a block, and takes hardly a bit an entry.
const (
	leastUnit = 20
	mostUnit  = 32
	unitRows  = 64
)

func placeOf(e *audit.Entry) place {
	return place{id: e.ID, at: floor(e.CreatedAt.UnixMicro(), leastUnit), unit: leastUnit}
}

// floor returns the beginning of the unit that a time lies in.
func floor(at int64, unit uint8) int64 { return at >> unit << unit }

// bounds returns the first microsecond of the place's time, and the one behind its last.
func (p place) bounds() (from, to int64) { return p.at, p.at + 1<<p.unit }

// holds reports whether p may be the place of e.
func (p place) holds(e *audit.Entry) bool {
	from, to := p.bounds()
	at := e.CreatedAt.UnixMicro()
	return p.id == e.ID && from <= at && at < to
}

// unitOf returns the unit for the places of one key.
func unitOf(places []place) uint8 {
	unit := uint8(0)
	for _, p := range places {
		unit = max(unit, p.unit)
	}
	if len(places) < seqSpan {
		return unit
	}
	steps := make([]int64, 0, seqSpan)
	least, most, sum := places[0].at, places[0].at, int64(0)
	for i := 1; i < len(places); i++ {
		least, most = min(least, places[i].at), max(most, places[i].at)
		step := places[i].at>>unit - places[i-1].at>>unit
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

// seqKey returns a project's key number n. The keys of an incarnation begin with its
// first seq.
func seqKey(p ProjectID, n int64) []byte {
	return binary.BigEndian.AppendUint64(u32(p), uint64(n))
}

const seqVersion = 1

// encodePlaces encodes the places of consecutive entries of a project: version, count,
// unit, the ids, the times in that unit, and a checksum over key and value.
func encodePlaces(key []byte, places []place) []byte {
	unit := unitOf(places)
	ids, times := make([]int64, len(places)), make([]int64, len(places))
	for i, p := range places {
		ids[i], times[i] = p.id, p.at>>unit
	}
	b := binary.AppendUvarint([]byte{seqVersion}, uint64(len(places)))
	b = append(b, unit)
	b = bits.AppendInts(b, ids)
	b = bits.AppendInts(b, times)
	return appendSum(key, b)
}

func decodePlaces(key, value []byte) ([]place, error) {
	s, err := scanRow(key, value, seqVersion)
	if err != nil {
		return nil, fmt.Errorf("seqs %x: %w", key, err)
	}
	n := s.Count(1, seqSpan)
	unit := s.Byte()
	if unit > mostUnit {
		s.Fail("a unit of 2^%d", unit)
	}
	ids, times := s.Ints(n), s.Ints(n)
	if err := rowEnds(s); err != nil {
		return nil, fmt.Errorf("seqs %x: %w", key, err)
	}
	places := make([]place, n, seqSpan)
	for i := range places {
		places[i] = place{ids.At(s.Data, s.Frames, i), times.At(s.Data, s.Frames, i) << unit, unit}
	}
	return places, nil
}

// A sequence is the sealed entries of one incarnation of a project, and those of earlier
// ones that purges left, by seq, as of one transaction.
type sequence struct {
	tx      kv.Tx
	project ProjectID
	base    int64 // first seq of the incarnation
	kept    []keptEntry
	row     int64 // number of the key that places are of
	places  []place
}

func newSequence(tx kv.Tx, rec *projectRecord) *sequence {
	return &sequence{tx: tx, project: rec.ID, base: rec.Base, kept: rec.Kept, row: -1}
}

// read makes places those of key number n; none where the key is not there.
func (s *sequence) read(n int64) error {
	if n == s.row {
		return nil
	}
	key := seqKey(s.project, n)
	s.row, s.places = n, nil
	v := s.tx.Bucket(bucketSeqs).Get(key)
	if v == nil {
		return nil
	}
	var err error
	s.places, err = decodePlaces(key, v)
	return err
}

// at returns the place of the entry with a seq; ok is false when it is not there.
func (s *sequence) at(seq int64) (p place, ok bool, err error) {
	if seq < s.base {
		i := sort.Search(len(s.kept), func(i int) bool { return s.kept[i].Seq >= seq })
		if i == len(s.kept) || s.kept[i].Seq != seq {
			return place{}, false, nil
		}
		return s.kept[i].place(), true, nil
	}
	if err := s.read((seq - s.base) / seqSpan); err != nil {
		return place{}, false, err
	}
	i := int((seq - s.base) % seqSpan)
	if i >= len(s.places) {
		return place{}, false, nil
	}
	return s.places[i], true, nil
}

// next returns the least seq above after that is there, up to last, or last+1: what purges
// took is passed over.
func (s *sequence) next(after, last int64) int64 {
	seq := after + 1
	if seq >= s.base {
		return min(seq, last+1)
	}
	for _, k := range s.kept {
		if k.Seq >= seq && k.Seq < s.base {
			return k.Seq
		}
	}
	return min(s.base, last+1)
}

// behind returns the greatest seq up to last whose entry has an id of at most id, or the
// last that purges took before it; 0 when there is none.
func (s *sequence) behind(id, last int64) (int64, error) {
	var failed error
	n := sort.Search(int(max(0, last-s.base+1)), func(i int) bool {
		p, ok, err := s.at(s.base + int64(i))
		if err == nil && !ok {
			err = s.missing(s.base + int64(i))
		}
		if err != nil {
			failed = err
		}
		return p.id > id
	})
	if n > 0 || failed != nil {
		return s.base + int64(n) - 1, failed
	}
	var seq int64
	for _, k := range s.kept {
		if k.Seq < s.base && k.ID <= id {
			seq = k.Seq
		}
	}
	return seq, nil
}

func (s *sequence) missing(seq int64) error {
	return fmt.Errorf("seqs of project %d: %w: seq %d is missing", s.project, errCorrupt, seq)
}

// append adds the places of entries, the first of which has the seq behind the last.
func (s *sequence) append(entries []*audit.Entry) error {
	for i := 0; i < len(entries); {
		n := (entries[i].Seq - s.base) / seqSpan
		if err := s.read(n); err != nil {
			return err
		}
		places := s.places
		if len(places) != int((entries[i].Seq-s.base)%seqSpan) {
			return fmt.Errorf("seqs of project %d: %w: %d places in key %d before seq %d", s.project, errCorrupt,
				len(places), n, entries[i].Seq)
		}
		for ; i < len(entries) && len(places) < seqSpan; i++ {
			places = append(places, placeOf(entries[i]))
		}
		s.places = places
		key := seqKey(s.project, n)
		if err := s.tx.Bucket(bucketSeqs).Put(key, encodePlaces(key, places)); err != nil {
			return fmt.Errorf("put seqs: %w", err)
		}
	}
	return nil
}
