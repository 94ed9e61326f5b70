package format

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"sort"

	"auditlog/audit"
	"auditlog/fulltext"
	"auditlog/store/block"
)

// SpanFields are the fields that the secondary index covers.
func SpanFields() []block.Field {
	return []block.Field{block.ResourceType, block.Action, block.Outcome, block.Actor, block.ResourceID,
		block.ActionPrefix, block.ActorType, block.Channel, block.RecordedBy, block.Combination}
}

// A Span tells for one field which of a run of blocks hold a value, by its
// hash. Number i stands for every block that begins at or after starts[i] and
// before the next start: a block may be cut in two, and the values of both halves
// then stay under its number. It may name a block too many, never one too few.
type Span struct {
	Starts []audit.Position
	End    audit.Position    // where what the record tells of ends
	sets   map[uint32]uint64 // by a value's hash the blocks that have it, a bit each
}

// NewSpan returns a span of no blocks.
func NewSpan() *Span { return &Span{sets: make(map[uint32]uint64)} }

// Add says that values with these hashes are in block i.
func (r *Span) Add(hashes []uint32, i int) {
	for _, h := range hashes {
		r.sets[h] |= 1 << i
	}
}

// SpanKey returns project, field and start of a span.
func SpanKey(p ProjectID, f block.Field, start audit.Position) []byte {
	k := make([]byte, 0, 1+fulltext.BlockKeySize)
	k = BlockKey{Project: p, Position: start}.Append(append(k, 0))
	copy(k, k[1:5])
	k[4] = byte(f)
	return k
}

const spanVersion = 1

// Encode returns version, number of blocks, their starts, the end; then how many
// values are in several blocks, their hashes in order and a word of bits for each;
// then how many are in one, their hashes in order and the number of the block; and
// a checksum over key and value.
func (r *Span) Encode(key []byte) []byte {
	b := []byte{spanVersion, byte(len(r.Starts))}
	for _, p := range append(slices.Clone(r.Starts), r.End) {
		b = BlockKey{Position: p}.Append(b)
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

// A SpanView reads a record where it lies.
type SpanView struct {
	starts                           []byte // as block keys
	End                              audit.Position
	several, postings, one, ordinals []byte
}

// Size returns how many numbers the span has.
func (v *SpanView) Size() int { return len(v.starts) / fulltext.BlockKeySize }

// Start returns where number i starts.
func (v *SpanView) Start(i int) audit.Position {
	return fulltext.PositionAt(v.starts[i*fulltext.BlockKeySize:])
}

// OpenSpan returns the span under a key, to be read where it lies.
func OpenSpan(key, value []byte) (*SpanView, error) {
	body, err := cutSum(key, value, 2)
	if err != nil {
		return nil, fmt.Errorf("span %x: %w", key, err)
	}
	v, err := parseSpan(body)
	if err != nil {
		return nil, fmt.Errorf("span %x: %w: %w", key, ErrCorrupt, err)
	}
	return v, nil
}

// parseSpan reads a span of two bytes or more, its checksum cut off.
func parseSpan(body []byte) (*SpanView, error) {
	n := int(body[1])
	if body[0] != spanVersion || n == 0 || n > 64 {
		return nil, fmt.Errorf("version %d, %d blocks", body[0], n)
	}
	body = body[2:]
	if len(body) < (n+1)*fulltext.BlockKeySize {
		return nil, fmt.Errorf("cut short")
	}
	v := &SpanView{starts: body[:n*fulltext.BlockKeySize], End: fulltext.PositionAt(body[n*fulltext.BlockKeySize:])}
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

// Blocks returns the numbers of the blocks that may hold a value with one of hashes.
func (v *SpanView) Blocks(hashes []uint32) (set uint64) {
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

// Number returns which of the span's numbers a block that begins at p has.
func (v *SpanView) Number(p audit.Position) int {
	return sort.Search(v.Size(), func(i int) bool { return v.Start(i).Compare(p) > 0 }) - 1
}

// Span returns v in a form that can be added to.
func (v *SpanView) Span() *Span {
	r := NewSpan()
	r.End = v.End
	for i := range v.Size() {
		r.Starts = append(r.Starts, v.Start(i))
	}
	for i := range len(v.several) / 4 {
		r.sets[binary.BigEndian.Uint32(v.several[4*i:])] = binary.BigEndian.Uint64(v.postings[8*i:])
	}
	for i := range len(v.one) / 4 {
		r.sets[binary.BigEndian.Uint32(v.one[4*i:])] |= 1 << v.ordinals[i]
	}
	return r
}

// With returns v with what r tells of its blocks besides, or nil if it knows all that.
func (v *SpanView) With(r *Span) *Span {
	var merged *Span
	for hash, set := range r.sets {
		if set&^v.Blocks([]uint32{hash}) == 0 {
			continue
		}
		if merged == nil {
			merged = v.Span()
		}
		merged.sets[hash] |= set
	}
	return merged
}
