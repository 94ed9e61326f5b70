package column

import "auditlog/store/block/chunk"

// plan says what may be tried on a column of strings.
type plan struct {
	others    []int // the columns that may narrow it down
	compared  bool  // filters compare it
	narrows   bool  // it may narrow others down
	templates bool
	sparse    bool
}

// strings appends a column of strings, d being their dictionary, in what is
// probably the smallest way. It returns the strings that want fingerprints.
func (e *Encoder) strings(d *dictionary, values []string, p plan) []string {
	switch n := len(d.values); {
	case n == 1 && values[0] == "":
		e.empty()
		return nil
	case n == 1:
		class := chunk.Shared
		if p.compared && len(values[0]) <= rawLimit(len(values)) {
			class = chunk.Raw
		}
		e.one(class, values[0])
		return nil
	case p.sparse && e.some(d, values, p):
		return nil
	}
	return e.choose(d, values, p)
}

// rawLimit is how many bytes of the strings that filters compare are worth being stored raw in a
// block of so many rows.
func rawLimit(rows int) int { return 64 + rows/2 }

// choose appends several strings, as a dictionary or one by one, as they are or as
// templates, by estimates in bits.
func (e *Encoder) choose(d *dictionary, values []string, p plan) []string {
	n, m := len(d.values), len(values)
	mined := p.templates && !e.plain && n >= 8 && e.mine(d.values) && (!p.compared || e.miner.numeric())
	// gain is what templates must save in a dictionary, whose strings are faster
	// to read as they are.
	class, gain := chunk.Shared, 8*256
	once, again := plainBits(d.values), 30 // a repeated string is found again by zstd
	if mined {
		once = e.miner.plainBits(d.values)
	}
	if p.compared {
		class, gain = chunk.Raw, 8*64
		if raw := rawBytes(d.values); raw <= rawLimit(m) {
			once, again = 8*raw, 8*m // always a dictionary
		} else {
			class = chunk.Shared
			once, again = once+16*n, again+16
		}
	}
	each, all := once, once+(m-n)*again
	templates := false
	if mined {
		var bits int
		if bits, all = e.miner.bits(d.idx); bits+gain < once {
			templates, each = true, bits
		} else if bits >= once {
			mined, all = false, once+(m-n)*again
		}
	}
	by, size := e.narrowest(d, p.others)
	if byDict := 8*size + each; byDict <= all || p.narrows && 2*n < m {
		e.dict(d, by)
		return e.write(d.values, e.identity(n), class, templates, p)
	}
	if mined {
		return e.write(d.values, d.idx, class, true, p)
	}
	return e.write(values, nil, chunk.Own, false, p)
}

// identity returns the numbers below n.
func (e *Encoder) identity(n int) []uint16 {
	for i := len(e.naturals); i < n; i++ {
		e.naturals = append(e.naturals, uint16(i))
	}
	return e.naturals[:n]
}

// write appends values as they are, or, if they are mined, the elements that idx
// names as templates, whose texts filters compare. It returns the strings that want fingerprints.
func (e *Encoder) write(values []string, idx []uint16, class int, mined bool, p plan) []string {
	if mined {
		if p.compared {
			class = chunk.Raw
		}
		e.templates(values, idx, class)
		return nil
	}
	e.each(class, values)
	if !p.compared || class == chunk.Raw {
		return nil
	}
	return values
}
