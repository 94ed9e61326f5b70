package store

import (
	"encoding/binary"
	"fmt"

	"auditlog/audit"
	"auditlog/store/kv"
)

// orderSpan is how many ids one key of the order bucket holds: so many that a key of
// entries of many projects, mixed, is a quarter of a page of bbolt.
const orderSpan = 896

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

// What a run of ids in an order begins with, twice that number and one more where it is
// of more than one id. From orderFollows on it is a project's number, which the number
// is added to: the seq is one more than that of the project's id before.
const (
	orderGone    = iota // in no project
	orderStarts         // project and seq come next
	orderFollows        // the first of the numbers
)

// encodeOrder encodes the owners of consecutive ids: version, count, and for each run of
// ids of one project with consecutive seqs how it begins and its length; a checksum over
// key and value.
func encodeOrder(key []byte, owners []owner) []byte {
	b := binary.AppendUvarint([]byte{orderVersion}, uint64(len(owners)))
	last := make(map[ProjectID]int64)
	for len(owners) > 0 {
		o, n := owners[0], 1
		for n < len(owners) && owners[n] == o.after(n) {
			n++
		}
		begin := uint64(orderGone)
		if before, ok := last[o.project]; o.project != 0 && ok && o.seq == before+1 {
			begin = orderFollows + uint64(o.project)
		} else if o.project != 0 {
			begin = orderStarts
		}
		if n > 1 {
			b = binary.AppendUvarint(b, begin<<1|1)
			b = binary.AppendUvarint(b, uint64(n))
		} else {
			b = binary.AppendUvarint(b, begin<<1)
		}
		if begin == orderStarts {
			b = binary.AppendUvarint(b, uint64(o.project))
			b = binary.AppendUvarint(b, uint64(o.seq))
		}
		last[o.project] = o.after(n - 1).seq
		owners = owners[n:]
	}
	return appendSum(key, b)
}

// after returns the owner of the n'th id behind o's in a run.
func (o owner) after(n int) owner {
	if o.project == 0 {
		return owner{}
	}
	return owner{o.project, o.seq + int64(n)}
}

func decodeOrder(key, value []byte) ([]owner, error) {
	body, err := cutSum(key, value, 1)
	if err != nil {
		return nil, fmt.Errorf("order %x: %w", key, err)
	}
	if body[0] != orderVersion {
		return nil, fmt.Errorf("order %x: %w: unknown version %d", key, errCorrupt, body[0])
	}
	r := &reader{s: string(body[1:])}
	count := r.uvarint()
	if count > orderSpan {
		r.fail("too many ids")
	}
	owners := make([]owner, 0, orderSpan)
	last := make(map[ProjectID]int64)
	for r.err == nil && len(owners) < int(count) {
		o, n := r.ownerRun(last)
		if n > int(count)-len(owners) {
			r.fail("run beyond the end")
			break
		}
		for i := range n {
			owners = append(owners, o.after(i))
		}
		last[o.project] = o.after(n - 1).seq
	}
	if r.err == nil && r.s != "" {
		r.fail("bytes left over")
	}
	if r.err != nil {
		return nil, fmt.Errorf("order %x: %w", key, r.err)
	}
	return owners, nil
}

// ownerRun reads a run of ids: the owner of the first and how many they are. last has the
// newest seq by project.
func (r *reader) ownerRun(last map[ProjectID]int64) (o owner, n int) {
	v := r.uvarint()
	n = 1
	if v&1 != 0 {
		n = int(min(r.uvarint(), orderSpan+1))
	}
	switch v >>= 1; v {
	case orderGone:
	case orderStarts:
		o = owner{ProjectID(r.uvarint()), int64(r.uvarint())}
	default:
		o.project = ProjectID(v - orderFollows)
		before, ok := last[o.project]
		if !ok {
			r.fail("a project without a seq")
		}
		o.seq = before + 1
	}
	if n == 0 {
		r.fail("a run of none")
	}
	return o, n
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
