package sequence

import (
	"fmt"
	"sort"

	"auditlog/store/format"
	"auditlog/store/kv"
)

// A Sequence is the sealed entries of one incarnation of a project, and those of earlier
// ones that purges left, by seq, as of one transaction.
type Sequence struct {
	tx      kv.Tx
	project format.ProjectID
	base    int64 // first seq of the incarnation
	rec     *format.Project
	kept    []format.Kept
	row     int64 // number of the key that places are of
	places  []format.Place
}

// New returns the sequence of a project with a record, of now or before.
func New(tx kv.Tx, rec *format.Project) *Sequence {
	return &Sequence{tx: tx, project: rec.ID, rec: rec, base: rec.Base, kept: rec.Kept, row: -1}
}

// read makes places those of key number n; none where the key is not there.
func (s *Sequence) read(n int64) error {
	if n == s.row {
		return nil
	}
	key := format.SeqKey(s.project, n)
	s.row, s.places = n, nil
	v := s.tx.Bucket(format.Seqs).Get(key)
	if v == nil {
		return nil
	}
	var err error
	s.places, err = format.DecodePlaces(key, v)
	return err
}

// At returns the place of the entry with a seq; ok is false when it is not there.
func (s *Sequence) At(seq int64) (p format.Place, ok bool, err error) {
	if seq < s.base {
		i := sort.Search(len(s.kept), func(i int) bool { return s.kept[i].Seq >= seq })
		if i == len(s.kept) || s.kept[i].Seq != seq {
			return format.Place{}, false, nil
		}
		return s.kept[i].Place(), true, nil
	}
	if err := s.read((seq - s.base) / format.SeqRow); err != nil {
		return format.Place{}, false, err
	}
	i := int((seq - s.base) % format.SeqRow)
	if i >= len(s.places) {
		return format.Place{}, false, nil
	}
	return s.places[i], true, nil
}

// Next returns the least seq above after that is there, up to last, or last+1: what purges
// took and what is lost is passed over.
func (s *Sequence) Next(after, last int64) int64 {
	seq := after + 1
	if seq >= s.base {
		return s.present(seq, last)
	}
	for _, k := range s.kept {
		if k.Seq >= seq && k.Seq < s.base && !s.rec.IsLost(k.Seq) {
			return k.Seq
		}
	}
	return s.present(s.base, last)
}

// present returns the least seq from one on that is not lost, or last+1.
func (s *Sequence) present(seq, last int64) int64 {
	for seq <= last && s.rec.IsLost(seq) {
		seq++
	}
	return min(seq, last+1)
}

// Behind returns the greatest seq up to last whose entry has an id of at most id, or the
// last that purges took before it; 0 when there is none.
func (s *Sequence) Behind(id, last int64) (int64, error) {
	var failed error
	n := sort.Search(int(max(0, last-s.base+1)), func(i int) bool {
		p, ok, err := s.At(s.base + int64(i))
		if err == nil && !ok {
			err = s.Missing(s.base + int64(i))
		}
		if err != nil {
			failed = err
		}
		return p.ID > id
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

// Missing returns the error of a seq that should be there.
func (s *Sequence) Missing(seq int64) error {
	return fmt.Errorf("seqs of project %d: %w: seq %d is missing", s.project, format.ErrCorrupt, seq)
}

// Append adds the places of entries with the seqs from seq on, which is behind the last.
func (s *Sequence) Append(seq int64, more []format.Place) error {
	for len(more) > 0 {
		n := (seq - s.base) / format.SeqRow
		if err := s.read(n); err != nil {
			return err
		}
		places := s.places
		if len(places) != int((seq-s.base)%format.SeqRow) {
			return fmt.Errorf("seqs of project %d: %w: %d places in key %d before seq %d", s.project, format.ErrCorrupt,
				len(places), n, seq)
		}
		room := min(len(more), format.SeqRow-len(places))
		places = append(places, more[:room]...)
		more, seq = more[room:], seq+int64(room)
		s.places = places
		key := format.SeqKey(s.project, n)
		if err := s.tx.Bucket(format.Seqs).Put(key, format.EncodePlaces(key, places)); err != nil {
			return fmt.Errorf("put seqs: %w", err)
		}
	}
	return nil
}
