package format

import (
	"encoding/binary"
	"fmt"
	"math"
	mathbits "math/bits"

	"auditlog/store/block/bits"
)

// KeyBits is how many bits of an idempotency key's hash a run keeps: so few that it is small,
// and so many that hardly a new key looks like one that is there, one of 4,000 where there are
// a million of them, and one of 40 where there are a hundred million. What looks like it is
// compared with its entry, so that it costs a read and no answer.
const KeyBits = 32

// KeyRuns tells where the keys of a project's sealed entries are, but for the newest.
type KeyRuns struct {
	// Moved counts how often keys were moved to runs. Who has looked a key up knows by it
	// whether the answer still holds.
	Moved int64 `json:"moved,omitempty"`
	// Next is the number that the next run gets.
	Next uint32 `json:"next,omitempty"`
	// Runs hold the keys, the oldest first.
	Runs []KeyRun `json:"runs,omitempty"`
	// Merge is the merge under way, if there is one.
	Merge *KeyMerge `json:"merge,omitempty"`
}

// KeyRun is a number of keys, sorted by hash in rows: 2^Bits of them, each with the hashes that
// begin with its number.
type KeyRun struct {
	Number uint32 `json:"number"`
	// Level counts the merges that the run came out of.
	Level int   `json:"level,omitempty"`
	Bits  uint8 `json:"bits,omitempty"`
	Count int64 `json:"count"`
	// From and Until bound the hashes that are looked for here, Until exclusive and 0 for the
	// end: a merge goes on from hash to hash, and moves them.
	From  uint64 `json:"from,omitempty"`
	Until uint64 `json:"until,omitempty"`
}

// KeyMerge is a merge of runs into another, which stands before them.
type KeyMerge struct {
	Into uint32 `json:"into"`
	From int    `json:"from"` // how many runs
}

// End returns the first hash behind those of r.
func (r *KeyRun) End() uint64 {
	if r.Until == 0 {
		return 1 << KeyBits
	}
	return r.Until
}

// Row returns the number of the row that a hash is in, and whether r has it.
func (r *KeyRun) Row(hash uint64) (n uint32, ok bool) {
	return uint32(hash >> (KeyBits - r.Bits)), hash >= r.From && hash < r.End()
}

// KeyRowKey returns what row n of a run stands under.
func KeyRowKey(p ProjectID, run, n uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(ProjectPrefix(p), run), n)
}

// SealedKey is a key of a run: the first KeyBits bits of its hash, the seq of its entry, and a
// hash of what the caller sent of it.
type SealedKey struct {
	Hash uint64
	Seq  int64
	Sum  uint32
}

const (
	keyRowVersion = 1
	maxRowKeys    = 1 << 20
)

// EncodeKeyRow encodes the keys of a row, in the order of their hashes, of a run with 2^b
// rows: version, count, least seq, width of a seq above it; then, as bits, the hashes without
// what the row's number says of them, as Elias and Fano have it: of each the high part in unary,
// then of each the low part; the seqs; the sums; and a checksum over key and value.
func EncodeKeyRow(key []byte, b uint8, keys []SealedKey) []byte {
	first, last := int64(math.MaxInt64), int64(0)
	for _, k := range keys {
		first, last = min(first, k.Seq), max(last, k.Seq)
	}
	if len(keys) == 0 {
		first = 0
	}
	width := uint(mathbits.Len64(uint64(last - first)))
	low, buckets := keyRowShape(b, len(keys))
	v := make([]byte, 0, 32+len(keys)*(int(low+width)+35)/8+buckets/8)
	v = append(v, keyRowVersion)
	v = binary.AppendUvarint(v, uint64(len(keys)))
	v = binary.AppendUvarint(v, uint64(first))
	v = append(v, byte(width))
	unary := len(v)
	v = append(v, make([]byte, (len(keys)+buckets+7)/8)...)
	rest := uint64(1)<<(KeyBits-b) - 1
	for i, k := range keys { // a one for each key, and a zero behind those of each high part
		at := i + int(k.Hash&rest>>low)
		v[unary+at>>3] |= 1 << (at & 7)
	}
	p := bits.Packer{Dst: v}
	for _, k := range keys {
		p.Put(k.Hash&(1<<low-1), low)
	}
	p.Flush()
	for _, k := range keys {
		p.Put(uint64(k.Seq-first), width)
	}
	p.Flush()
	v = p.Dst
	for _, k := range keys {
		v = binary.BigEndian.AppendUint32(v, k.Sum)
	}
	return appendSum(key, v)
}

// keyRowShape returns the width of the low part of n hashes, and how many high parts there are.
func keyRowShape(b uint8, n int) (low uint, buckets int) {
	rest := KeyBits - int(b)
	high := min(rest, mathbits.Len(uint(n))-1)
	if n == 0 {
		return uint(rest), 0
	}
	return uint(rest - high), 1 << high
}

// A KeyRow is a row of a run as it is stored, checked and ready to be searched.
type KeyRow struct {
	data   []byte // with the checksum, so that eight bytes follow what is packed
	n      int
	rest   uint // bits of a hash that the row keeps
	top    uint64
	first  int64
	width  uint
	low    uint
	unary  int // offsets
	lows   int
	seqs   int
	sums   int
	behind int // the high parts
}

// ParseKeyRow reads what EncodeKeyRow wrote. The row is in the value's memory.
func ParseKeyRow(key, value []byte, b uint8) (KeyRow, error) {
	r, err := parseKeyRow(key, value, b)
	if err != nil {
		return KeyRow{}, fmt.Errorf("keys %x: %w", key, err)
	}
	return r, nil
}

func parseKeyRow(key, value []byte, b uint8) (KeyRow, error) {
	body, err := cutSum(key, value, 4)
	if err != nil {
		return KeyRow{}, err
	}
	n, nSize := binary.Uvarint(body[1:])
	first, firstSize := binary.Uvarint(body[1+max(nSize, 0):])
	head := 1 + nSize + firstSize + 1
	if body[0] != keyRowVersion || nSize <= 0 || firstSize <= 0 || head > len(body) || n > maxRowKeys || first > math.MaxInt64/2 || len(key) != 12 {
		return KeyRow{}, fmt.Errorf("%w: no row of keys", ErrCorrupt)
	}
	r := KeyRow{data: value, n: int(n), rest: KeyBits - uint(b), first: int64(first), width: uint(body[head-1]), unary: head}
	r.top = uint64(binary.BigEndian.Uint32(key[8:])) << r.rest
	low, buckets := keyRowShape(b, r.n)
	r.low, r.behind = low, buckets
	r.lows = r.unary + (r.n+buckets+7)/8
	r.seqs = r.lows + bits.PackedBytes(r.n, int(low))
	r.sums = r.seqs + bits.PackedBytes(r.n, int(r.width))
	if r.width > 56 || r.sums+4*r.n != len(body) {
		return KeyRow{}, fmt.Errorf("%w: a row of %d keys in %d bytes", ErrCorrupt, n, len(body))
	}
	ones := 0
	for i := r.unary; i < r.lows; i++ {
		ones += mathbits.OnesCount8(body[i])
	}
	if ones != r.n {
		return KeyRow{}, fmt.Errorf("%w: %d keys where %d should be", ErrCorrupt, ones, r.n)
	}
	return r, nil
}

// Len returns how many keys there are.
func (r *KeyRow) Len() int { return r.n }

func (r *KeyRow) bit(i int) bool { return r.data[r.unary+i>>3]>>(i&7)&1 != 0 }

// at returns key number i, which has a high part.
func (r *KeyRow) at(i int, high uint64) SealedKey {
	return SealedKey{
		Hash: r.top | high<<r.low | bits.Load(r.data, r.lows, i, r.low),
		Seq:  r.first + int64(bits.Load(r.data, r.seqs, i, r.width)),
		Sum:  binary.BigEndian.Uint32(r.data[r.sums+4*i:]),
	}
}

// All appends the keys in their order to dst.
func (r *KeyRow) All(dst []SealedKey) []SealedKey {
	for at, i := r.unary, 0; at < r.lows; at++ {
		for ones := r.data[at]; ones != 0; ones &= ones - 1 {
			bit := 8*(at-r.unary) + mathbits.TrailingZeros8(ones)
			dst = append(dst, r.at(i, uint64(bit-i)))
			i++
		}
	}
	return dst
}

// Find appends the keys with a hash to dst.
func (r *KeyRow) Find(hash uint64, dst []SealedKey) []SealedKey {
	rest := hash & (1<<r.rest - 1)
	high, low := int(rest>>r.low), rest&(1<<r.low-1)
	if high >= r.behind {
		return dst
	}
	for i := r.skip(high); i < r.n+r.behind && r.bit(i); i++ {
		if bits.Load(r.data, r.lows, i-high, r.low) == low {
			dst = append(dst, r.at(i-high, uint64(high)))
		}
	}
	return dst
}

// skip returns where the high part number high begins: behind as many zeros.
func (r *KeyRow) skip(high int) int {
	i, left := 0, high
	for ; left > 0; i += 8 {
		zeros := 8 - mathbits.OnesCount8(r.data[r.unary+i>>3])
		if zeros >= left {
			break
		}
		left -= zeros
	}
	for ; left > 0; i++ {
		if !r.bit(i) {
			left--
		}
	}
	return i
}
