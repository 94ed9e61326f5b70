package store

import (
	"encoding/binary"
	"fmt"
	"sort"

	"auditlog/audit"
	"auditlog/store/kv"
)

// seqSpan is how many entries of a project one key of the seqs bucket holds: as many as
// a tile of a Merkle tree over them has leaves.
const seqSpan = 256

// place is where the entry with some seq lies: its id, and its CreatedAt in units of about
// a second, which is enough to find its block and takes a third of the bytes.
type place struct {
	id int64
	at int64
}

// placeShift makes the unit of a place's time: 2^20 microseconds.
const placeShift = 20

func placeOf(e *audit.Entry) place { return place{e.ID, e.CreatedAt.UnixMicro() >> placeShift} }

// bounds returns the first microsecond of the place's time, and the one behind its last.
func (p place) bounds() (from, to int64) { return p.at << placeShift, (p.at + 1) << placeShift }

// seqKey returns a project's key number n. The keys of an incarnation begin with its
// first seq.
func seqKey(p ProjectID, n int64) []byte {
	return binary.BigEndian.AppendUint64(u32(p), uint64(n))
}

const seqVersion = 1

// encodePlaces encodes the places of consecutive entries of a project: version, count, then
// for each twice the difference of its id to the one before, less one, and one more where
// the time is another, whose difference then follows; a checksum over key and value.
func encodePlaces(key []byte, places []place) []byte {
	b := binary.AppendUvarint([]byte{seqVersion}, uint64(len(places)))
	var last place
	for _, p := range places {
		step := uint64(p.id-last.id-1) << 1
		if p.at == last.at {
			b = binary.AppendUvarint(b, step)
		} else {
			b = binary.AppendUvarint(b, step|1)
			b = binary.AppendVarint(b, p.at-last.at)
		}
		last = p
	}
	return appendSum(key, b)
}

func decodePlaces(key, value []byte) ([]place, error) {
	body, err := cutSum(key, value, 1)
	if err != nil {
		return nil, fmt.Errorf("seqs %x: %w", key, err)
	}
	if body[0] != seqVersion {
		return nil, fmt.Errorf("seqs %x: %w: unknown version %d", key, errCorrupt, body[0])
	}
	r := &reader{s: string(body[1:])}
	places := make([]place, min(r.count(1), seqSpan), seqSpan)
	var last place
	for i := range places {
		step := r.uvarint()
		last.id += int64(step>>1) + 1
		if step&1 != 0 {
			last.at += r.varint()
		}
		places[i] = last
	}
	if r.err == nil && (r.s != "" || len(places) == 0) {
		r.fail("bytes left over, or no entry")
	}
	if r.err != nil {
		return nil, fmt.Errorf("seqs %x: %w", key, r.err)
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
		return place{s.kept[i].ID, s.kept[i].At}, true, nil
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
