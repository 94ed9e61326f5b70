package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"sort"

	"auditlog/audit"
	"auditlog/fulltext"
	"auditlog/store/block"
	"auditlog/store/kv"
)

// spanFields are the fields that the secondary index covers.
func spanFields() []block.Field {
	return []block.Field{block.ResourceType, block.Action, block.Outcome, block.Actor, block.ResourceID,
		block.ActionPrefix, block.ActorType, block.Channel, block.RecordedBy, block.Combination}
}

// A spanRecord tells for one field which of a run of blocks hold a value, by its
// hash. Number i stands for every block that begins at or after starts[i] and
// before the next start: a block may be cut in two, and the values of both halves
// then stay under its number. It may name a block too many, never one too few.
type spanRecord struct {
	starts []audit.Position
	end    audit.Position    // where what the record tells of ends
	sets   map[uint32]uint64 // by a value's hash the blocks that have it, a bit each
}

func newSpanRecord() *spanRecord { return &spanRecord{sets: make(map[uint32]uint64)} }

// add says that values with these hashes are in block i.
func (r *spanRecord) add(hashes []uint32, i int) {
	for _, h := range hashes {
		r.sets[h] |= 1 << i
	}
}

// spanKey returns project, field and start of a span.
func spanKey(p ProjectID, f block.Field, start audit.Position) []byte {
	k := append(u32(p), byte(f))
	return append(k, BlockKey{Project: p, Position: start}.Append(nil)[4:]...)
}

const spanVersion = 1

// encode returns version, number of blocks, their starts, the end; then how many
// values are in several blocks, their hashes in order and a word of bits for each;
// then how many are in one, their hashes in order and the number of the block; and
// a checksum over key and value.
func (r *spanRecord) encode(key []byte) []byte {
	b := []byte{spanVersion, byte(len(r.starts))}
	for _, p := range append(slices.Clone(r.starts), r.end) {
		b = BlockKey{Project: 0, Position: p}.Append(b)
	}
	var several, postings, one, ordinals []byte
	for _, hash := range slices.Sorted(maps.Keys(r.sets)) {
		if set := r.sets[hash]; bits.OnesCount64(set) == 1 {
			one = binary.BigEndian.AppendUint32(one, hash)
			ordinals = append(ordinals, byte(bits.TrailingZeros64(set)))
		} else {
			several = binary.BigEndian.AppendUint32(several, hash)
			postings = binary.BigEndian.AppendUint64(postings, set)
		}
	}
	b = append(appendHashes(b, several), postings...)
	b = append(appendHashes(b, one), ordinals...)
	return appendSum(key, b)
}

func appendHashes(b, hashes []byte) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(hashes)/4)), hashes...)
}

// A spanView reads a record where it lies.
type spanView struct {
	starts                           []byte // as block keys
	end                              audit.Position
	several, postings, one, ordinals []byte
}

// size returns how many numbers the span has.
func (v *spanView) size() int { return len(v.starts) / fulltext.BlockKeySize }

// start returns where number i starts.
func (v *spanView) start(i int) audit.Position {
	return fulltext.PositionAt(v.starts[i*fulltext.BlockKeySize:])
}

func openSpan(key, value []byte) (*spanView, error) {
	body, err := cutSum(key, value, 2)
	if err != nil {
		return nil, fmt.Errorf("span %x: %w", key, err)
	}
	v, err := parseSpan(body)
	if err != nil {
		return nil, fmt.Errorf("span %x: %w: %w", key, errCorrupt, err)
	}
	return v, nil
}

// parseSpan reads a span of two bytes or more, its checksum cut off.
func parseSpan(body []byte) (*spanView, error) {
	n := int(body[1])
	if body[0] != spanVersion || n == 0 || n > 64 {
		return nil, fmt.Errorf("version %d, %d blocks", body[0], n)
	}
	body = body[2:]
	if len(body) < (n+1)*fulltext.BlockKeySize {
		return nil, fmt.Errorf("cut short")
	}
	v := &spanView{starts: body[:n*fulltext.BlockKeySize], end: fulltext.PositionAt(body[n*fulltext.BlockKeySize:])}
	body = body[(n+1)*fulltext.BlockKeySize:]
	var ok bool
	if v.several, v.postings, body, ok = cutHashes(body, 8); !ok {
		return nil, fmt.Errorf("cut short")
	}
	if v.one, v.ordinals, body, ok = cutHashes(body, 1); !ok || len(body) > 0 {
		return nil, fmt.Errorf("cut short, or bytes left over")
	}
	return v, nil
}

// cutHashes takes a list of hashes and of as many postings off the front of b.
func cutHashes(b []byte, size int) (hashes, postings, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, nil, false
	}
	n := int(binary.BigEndian.Uint32(b))
	b = b[4:]
	if n > len(b)/(4+size) {
		return nil, nil, nil, false
	}
	return b[:4*n], b[4*n : (4+size)*n], b[(4+size)*n:], true
}

// blocks returns the numbers of the blocks that may hold a value with one of hashes.
func (v *spanView) blocks(hashes []uint32) (set uint64) {
	for _, h := range hashes {
		if i, ok := findHash(v.several, h); ok {
			set |= binary.BigEndian.Uint64(v.postings[8*i:])
		}
		if i, ok := findHash(v.one, h); ok {
			set |= 1 << v.ordinals[i]
		}
	}
	return set
}

func findHash(list []byte, h uint32) (int, bool) {
	lo, hi := 0, len(list)/4
	for lo < hi {
		mid := (lo + hi) / 2
		if binary.BigEndian.Uint32(list[4*mid:]) < h {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, lo < len(list)/4 && binary.BigEndian.Uint32(list[4*lo:]) == h
}

// number returns which of the span's numbers a block that begins at p has.
func (v *spanView) number(p audit.Position) int {
	return sort.Search(v.size(), func(i int) bool { return v.start(i).Compare(p) > 0 }) - 1
}

// record returns v in a form that can be added to.
func (v *spanView) record() *spanRecord {
	r := newSpanRecord()
	r.end = v.end
	for i := range v.size() {
		r.starts = append(r.starts, v.start(i))
	}
	for i := range len(v.several) / 4 {
		r.sets[binary.BigEndian.Uint32(v.several[4*i:])] = binary.BigEndian.Uint64(v.postings[8*i:])
	}
	for i := range len(v.one) / 4 {
		r.sets[binary.BigEndian.Uint32(v.one[4*i:])] |= 1 << v.ordinals[i]
	}
	return r
}

// with returns v with what r tells of its blocks besides, or nil if it knows all that.
func (v *spanView) with(r *spanRecord) *spanRecord {
	var merged *spanRecord
	for hash, set := range r.sets {
		if set&^v.blocks([]uint32{hash}) == 0 {
			continue
		}
		if merged == nil {
			merged = v.record()
		}
		merged.sets[hash] |= set
	}
	return merged
}

// spanAt returns the record of field f that tells of a block beginning at p, and
// its key, or nil when no span does.
func spanAt(tx kv.Tx, project ProjectID, f block.Field, p audit.Position) (key []byte, v *spanView, err error) {
	key, v, err = spanBefore(tx, project, f, p)
	if v == nil || p.Compare(v.end) >= 0 {
		return nil, nil, err
	}
	return key, v, err
}

// spanBefore returns the last record of field f that begins at or before p, and its
// key, or nil when there is none.
func spanBefore(tx kv.Tx, project ProjectID, f block.Field, p audit.Position) (key []byte, v *spanView, err error) {
	want := spanKey(project, f, p)
	k, value := kv.AtOrBefore(tx.Bucket(bucketSpans).Cursor(), want)
	if len(k) != len(want) || !bytes.HasPrefix(k, want[:5]) {
		return nil, nil, nil
	}
	v, err = openSpan(k, value)
	return k, v, err
}

// fieldSpans are the records of one span, one a field.
type fieldSpans []*spanRecord

func newFieldSpans() fieldSpans {
	var records fieldSpans
	for range spanFields() {
		records = append(records, newSpanRecord())
	}
	return records
}
