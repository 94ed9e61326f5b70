package index

import (
	"context"
	"net/netip"
	"strconv"

	"auditlog/audit"
	"auditlog/fulltext"
)

// narrowing is what the index can tell of a query: a condition for each part of it.
type narrowing struct {
	index      *Index
	conditions []condition
}

// Narrow returns which blocks can have what filters ask for. A range of addresses that is wider
// than those that the index knows narrows nothing.
func (x *Index) Narrow(e fulltext.Exact) fulltext.Narrowing {
	n := &narrowing{index: x}
	for _, v := range e.Whole {
		n.conditions = append(n.conditions, condition{hashes: []uint32{wholeHash(v)}})
	}
	if hash, ok := rangeHash(e.Addresses); ok {
		n.conditions = append(n.conditions, condition{hashes: []uint32{hash}})
	}
	return n
}

// Blocks returns of each of some projects, newest first, the blocks that begin at or before a
// position and may hold a match, as of the sequence through: blocks that changed
// later are not covered, and the blocks must be read in a transaction that began
// after Blocks returned. Entries before after are not asked for.
//
// ok is false when every block has to be looked into: the query only excludes, or
// the index is being opened or repaired. The error is the context's.
func (n *narrowing) Blocks(ctx context.Context, of []fulltext.ProjectID, before audit.Position, after int64) (keys [][]fulltext.BlockKey, through uint64, ok bool, err error) {
	if len(n.conditions) == 0 {
		return nil, 0, false, ctx.Err()
	}
	err = n.index.read(func(snap *snapshot) error {
		keys, through = make([][]fulltext.BlockKey, len(of)), snap.cursor
		for i, p := range of {
			f := finder{ctx: ctx, project: p, conditions: n.conditions}
			for _, part := range snap.parts {
				if err := f.part(part); err != nil {
					return err
				}
			}
			keys[i] = trim(append(f.keys, snap.unread.of(p)...), before, after)
		}
		return snap.unchanged()
	})
	switch {
	case err == nil:
		return keys, through, true, nil
	case ctx.Err() != nil:
		return nil, 0, false, ctx.Err()
	}
	return nil, 0, false, nil
}

// The ranges of which the index knows whether a block has an address in them, in bits, beside
// the address itself: what one network has, and what people ask for.
var (
	rangeBits4 = [...]int{32, 24, 16, 8}
	rangeBits6 = [...]int{128, 64, 48, 32}
)

func rangeBits(a netip.Addr) [4]int {
	if a.Is4() {
		return rangeBits4
	}
	return rangeBits6
}

// rangeHash returns the hash of the narrowest range known that in lies in, if there is one.
func rangeHash(in netip.Prefix) (hash uint32, ok bool) {
	if !in.IsValid() {
		return 0, false
	}
	for _, bits := range rangeBits(in.Addr()) {
		if bits <= in.Bits() {
			return addressHash(in.Addr(), bits), true
		}
	}
	return 0, false
}

// eachRange calls fn with the hashes of the ranges that value lies in, if it is an address.
func eachRange(value string, fn func(hash uint32)) {
	if !looksLikeAddress(value) {
		return
	}
	a, err := netip.ParseAddr(value)
	if err != nil {
		return
	}
	a = a.Unmap()
	for _, bits := range rangeBits(a) {
		fn(addressHash(a, bits))
	}
}

// looksLikeAddress reports whether value has what an address has, and nothing else.
func looksLikeAddress(value string) bool {
	const longest = len("0000:0000:0000:0000:0000:ffff:255.255.255.255")
	points := 0
	if len(value) > longest {
		return false
	}
	for i := range len(value) {
		switch c := value[i]; {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
		case c == '.', c == ':':
			points++
		default:
			return false
		}
	}
	return points >= 2
}

// addressHash returns the hash of the range of so many bits that a lies in. That of an address of
// IPv4 alone is the same as a text has in which it stands.
func addressHash(a netip.Addr, bits int) uint32 {
	if a.Is4() && bits == a.BitLen() {
		var words [4][]byte
		for i, b := range a.As4() {
			words[i] = strconv.AppendUint(nil, uint64(b), 10)
		}
		return quadHash(words)
	}
	p := netip.PrefixFrom(a, bits).Masked()
	b := p.Addr().As16()
	return hashOf(markRange, b[:], []byte{byte(bits)})
}
