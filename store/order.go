package store

import (
	"encoding/binary"
	"fmt"
	"math"

	"auditlog/audit"
	"auditlog/store/block/bits"
	"auditlog/store/kv"
)

// orderSpan is how many ids one key of the order bucket holds: so many that three keys
// of entries of many projects fill a page of bbolt.
const orderSpan = 1024

// owner says whose entry has some id: of which project, and which seq it has there. A
// purged entry is in no project.
type owner struct {
	project ProjectID
	seq     int64
}

// orderKey returns the key that id's owner stands under, and its index there.
func orderKey(id int64) (key []byte, index int) {
	return u64(uint64(id / orderSpan)), int(id % orderSpan)
}

const orderVersion = 1

// encodeOrder encodes the owners of consecutive ids: version, count, the projects that
// they are of and how many these are, and for each id which of these it is of; a checksum
// over key and value. A project comes with the seq of its first id here, and the others
// follow; where a seq does not follow, the project comes again.
func encodeOrder(key []byte, owners []owner) []byte {
	var firsts []byte
	n := 0
	current := make(map[ProjectID]owner) // the owner that the next id of a project has
	number := make(map[ProjectID]int64)  // of the project's newest first, from 1
	of := make([]int64, len(owners))
	for i, o := range owners {
		if o.project == 0 {
			continue
		}
		if current[o.project] != o {
			firsts = binary.AppendUvarint(firsts, uint64(o.project))
			firsts = binary.AppendUvarint(firsts, uint64(o.seq))
			n++
			number[o.project] = int64(n)
		}
		of[i] = number[o.project]
		current[o.project] = owner{o.project, o.seq + 1}
	}
	b := binary.AppendUvarint([]byte{orderVersion}, uint64(len(owners)))
	b = append(binary.AppendUvarint(b, uint64(n)), firsts...)
	if len(of) > 0 {
		b = bits.AppendInts(b, of)
	}
	return appendSum(key, b)
}

func decodeOrder(key, value []byte) ([]owner, error) {
	s, err := scanRow(key, value, orderVersion)
	if err != nil {
		return nil, fmt.Errorf("order %x: %w", key, err)
	}
	owners := make([]owner, s.Count(0, orderSpan), orderSpan)
	next := make([]owner, s.Count(0, len(owners))+1) // by number; none has 0
	for i := range next[1:] {
		next[i+1] = owner{ProjectID(s.Count(1, math.MaxUint32)), int64(s.Count(1, math.MaxInt64))}
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
				next[n].seq++
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
		return nil, fmt.Errorf("%w: unknown version %d", errCorrupt, body[0])
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
		return fmt.Errorf("%w: %w", errCorrupt, s.Err)
	}
	return nil
}

// readOrder returns the owners of one key; none where the key is not there.
func readOrder(tx kv.Tx, key []byte) ([]owner, error) {
	v := tx.Bucket(bucketOrder).Get(key)
	if v == nil {
		return nil, nil
	}
	return decodeOrder(key, v)
}

// appendOrder writes the owners of consecutive entries, the first of which follows the
// last id in the bucket.
func appendOrder(tx kv.Tx, entries []*audit.Entry, projects []*project) error {
	for i := 0; i < len(entries); {
		key, index := orderKey(entries[i].ID)
		owners, err := readOrder(tx, key)
		if err != nil {
			return err
		}
		if len(owners) == 0 && index == 1 {
			owners = make([]owner, 1, orderSpan) // there is no id 0
		}
		if len(owners) != index {
			return fmt.Errorf("order %x: %w: %d owners before entry %d", key, errCorrupt, len(owners), entries[i].ID)
		}
		for ; i < len(entries) && len(owners) < orderSpan; i++ {
			owners = append(owners, owner{projects[i].id, entries[i].Seq})
		}
		if err := tx.Bucket(bucketOrder).Put(key, encodeOrder(key, owners)); err != nil {
			return fmt.Errorf("put order: %w", err)
		}
	}
	return nil
}

// ownerOf returns whose the sealed entry with id is, no project's when it was purged or
// there is none.
func ownerOf(tx kv.Tx, id int64) (owner, error) {
	key, index := orderKey(id)
	owners, err := readOrder(tx, key)
	if err != nil || index >= len(owners) {
		return owner{}, err
	}
	return owners[index], nil
}
