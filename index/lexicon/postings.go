package lexicon

import "encoding/binary"

// How the documents of a word are written; see the format in doc.go.
const (
	alwaysBits = 16 // documents of a section up to which it is a set of bits
	allOfThem  = 0
	asBits     = 1
	asGaps     = 2 // and more
)

// postings are the documents of a word, of n in its section, where they lie.
type postings struct {
	n    int
	gaps bool // else bits, or all of them if b is nil
	b    []byte
}

// appendPostings appends documents, in their order, of n.
func appendPostings(b []byte, docs []uint32, n int) []byte {
	switch {
	case n == 1:
		return b
	case n <= alwaysBits:
		return appendBits(b, docs, n)
	case len(docs) == n:
		return append(b, allOfThem)
	}
	size, next := 0, uint32(0)
	for _, d := range docs {
		size += uvarintSize(uint64(d - next))
		next = d + 1
	}
	if size >= (n+7)/8 {
		return appendBits(append(b, asBits), docs, n)
	}
	b = binary.AppendUvarint(b, uint64(size-1)+asGaps)
	next = 0
	for _, d := range docs {
		b = binary.AppendUvarint(b, uint64(d-next))
		next = d + 1
	}
	return b
}

func appendBits(b []byte, docs []uint32, n int) []byte {
	from := len(b)
	for range (n + 7) / 8 {
		b = append(b, 0)
	}
	for _, d := range docs {
		b[from+int(d/8)] |= 1 << (d % 8)
	}
	return b
}

func uvarintSize(v uint64) (n int) {
	for n = 1; v >= 0x80; n++ {
		v >>= 7
	}
	return n
}

// cutPostings takes the documents of a word, of n, off the front of b.
func cutPostings(b []byte, n int) (p postings, rest []byte, ok bool) {
	p.n = n
	size := (n + 7) / 8
	switch {
	case n == 1:
		return p, b, true
	case n > alwaysBits:
		kind, k := binary.Uvarint(b)
		if k <= 0 {
			return p, nil, false
		}
		b = b[k:]
		switch {
		case kind == allOfThem:
			return p, b, true
		case kind >= asGaps:
			if kind-asGaps >= uint64(len(b)) {
				return p, nil, false
			}
			p.gaps, size = true, int(kind-asGaps)+1
		}
	}
	if size > len(b) {
		return p, nil, false
	}
	p.b = b[:size]
	return p, b[size:], true
}

// each calls fn with the documents, in their order. ok is false if they are damaged.
func (p postings) each(fn func(doc int)) (ok bool) {
	switch {
	case p.b == nil:
		for d := range p.n {
			fn(d)
		}
	case !p.gaps:
		for d := range p.n {
			if p.b[d/8]>>(d%8)&1 != 0 {
				fn(d)
			}
		}
	default:
		next := uint64(0)
		for b := p.b; len(b) > 0; {
			gap, k := binary.Uvarint(b)
			if k <= 0 || gap >= uint64(p.n)-next {
				return false
			}
			fn(int(next + gap))
			next, b = next+gap+1, b[k:]
		}
	}
	return true
}

// addTo adds the documents to s.
func (p postings) addTo(s Set) (ok bool) {
	if p.gaps || p.b == nil {
		return p.each(s.Add)
	}
	for i, c := range p.b {
		s[i/8] |= uint64(c) << (i % 8 * 8)
	}
	return true
}
