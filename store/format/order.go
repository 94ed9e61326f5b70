package format

import (
	"encoding/binary"
	"fmt"
	"math"

	"auditlog/store/block/bits"
)

// OrderRow is how many ids one key of the order bucket holds: so many that three keys
// of entries of many projects fill a page of 4 KiB.
const OrderRow = 1024

// Owner says whose entry has some id: of which project, and which seq it has there. A
// purged entry is in no project.
type Owner struct {
	Project ProjectID
	Seq     int64
}

// OrderKey returns the key that id's owner stands under, and its index there.
func OrderKey(id int64) (key []byte, index int) {
	return Uint64(uint64(id / OrderRow)), int(id % OrderRow)
}

const orderVersion = 1

// EncodeOrder encodes the owners of consecutive ids: version, count, the projects that
// they are of and how many these are, and for each id which of these it is of; a checksum
// over key and value. A project comes with the seq of its first id here, and the others
// follow; where a seq does not follow, the project comes again.
func EncodeOrder(key []byte, owners []Owner) []byte {
	var firsts []byte
	n := 0
	type run struct{ number, next int64 } // of a project's newest first, from 1; the seq behind it
	runs := make(map[ProjectID]*run)
	var last ProjectID
	var r *run
	of := make([]int64, len(owners))
	for i, o := range owners {
		if o.Project == 0 {
			continue
		}
		if o.Project != last {
			if r = runs[o.Project]; r == nil {
				r = &run{}
				runs[o.Project] = r
			}
			last = o.Project
		}
		if r.number == 0 || r.next != o.Seq {
			firsts = binary.AppendUvarint(firsts, uint64(o.Project))
			firsts = binary.AppendUvarint(firsts, uint64(o.Seq))
			n++
			r.number = int64(n)
		}
		of[i] = r.number
		r.next = o.Seq + 1
	}
	b := binary.AppendUvarint([]byte{orderVersion}, uint64(len(owners)))
	b = append(binary.AppendUvarint(b, uint64(n)), firsts...)
	if len(of) > 0 {
		b = bits.AppendInts(b, of)
	}
	return appendSum(key, b)
}

// DecodeOrder reads what EncodeOrder wrote.
func DecodeOrder(key, value []byte) ([]Owner, error) {
	s, err := scanRow(key, value, orderVersion)
	if err != nil {
		return nil, fmt.Errorf("order %x: %w", key, err)
	}
	owners := make([]Owner, s.Count(0, OrderRow), OrderRow)
	next := make([]Owner, s.Count(0, len(owners))+1) // by number; none has 0
	for i := range next[1:] {
		next[i+1] = Owner{ProjectID(s.Number(1, math.MaxUint32)), int64(s.Number(1, math.MaxInt64))}
	}
	if len(owners) > 0 {
		of := s.Ints(len(owners))
		for i := range owners {
			if s.Err != nil {
				break
			}
			n := of.At(s.Data, s.Frames, i)
			if n < 0 || n >= int64(len(next)) {
				s.Fail("project %d of %d", n, len(next)-1)
				break
			}
			owners[i] = next[n]
			if n > 0 {
				next[n].Seq++
			}
		}
	}
	if err := rowEnds(s); err != nil {
		return nil, fmt.Errorf("order %x: %w", key, err)
	}
	return owners, nil
}

// scanRow checks a value's checksum and version, and returns a scanner of what is behind
// them, and of the slack that its lists need.
func scanRow(key, value []byte, version byte) (*bits.Scanner, error) {
	body, err := cutSum(key, value, 1)
	if err != nil {
		return nil, err
	}
	if body[0] != version {
		return nil, fmt.Errorf("%w: unknown version %d", ErrCorrupt, body[0])
	}
	data := make([]byte, len(body)-1+bits.Slack)
	copy(data, body[1:])
	return &bits.Scanner{Data: data}, nil
}

// rowEnds returns what was wrong with what s has scanned, or that something is left over.
func rowEnds(s *bits.Scanner) error {
	if s.Err == nil && s.Pos != len(s.Data)-bits.Slack {
		s.Fail("bytes left over")
	}
	if s.Err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, s.Err)
	}
	return nil
}
