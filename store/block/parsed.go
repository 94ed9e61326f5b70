package block

import "auditlog/store/block/bits"

// parsed is a string as the miner splits it: its template and the values in the
// places of it. A column of templates finds it by comparing numbers.
type parsed struct {
	template string
	values   []string
}

func parse(v string) parsed {
	var m miner
	m.split(v)
	p := parsed{template: string(m.text)}
	for _, at := range m.places {
		p.values = append(p.values, v[at.start:at.end])
	}
	return p
}

// templateEqual adds the elements of c to set that are want, and returns true; or
// also some that it could not compare, and returns false.
func (b *Block) templateEqual(c *column, want *parsed, set *bits.Rows) (exact bool) {
	exact = true
	for t := range int(c.n) {
		text, err := b.text(int(c.text) + t)
		slot, end := b.slotsOf(c, t)
		if err != nil || text != want.template || end-slot != len(want.values) {
			continue
		}
		of := b.havingOne(&c.index, t)
		n := of.Count()
		equal := bits.All(n) // of the elements with this template, counted from 0
		for k, value := range want.values {
			kid := b.kid(c, slot+k)
			exact = int(kid.m) == n && b.slotEqual(kid, value, &equal) && exact
		}
		rank := 0
		for i := of.Next(0); i >= 0; i = of.Next(i + 1) {
			if equal.Has(rank) {
				set.Set(i)
			}
			rank++
		}
	}
	return exact
}

// slotEqual removes the elements from set whose value in c is another one. It
// returns false if c does not hold numbers, and leaves them.
func (b *Block) slotEqual(c *column, value string, set *bits.Rows) bool {
	var s slot
	s.add(value, true)
	switch c.kind {
	case kindInt, kindDigits:
		fits := s.traits&notPlain == 0
		if c.kind == kindDigits {
			fits = s.traits&notDigits == 0 && len(value) == int(c.n)
		}
		for i := set.Next(0); i >= 0; i = set.Next(i + 1) {
			if !fits || b.int(&c.ints, i) != s.lo {
				set.Clear(i)
			}
		}
		return true
	case kindHex:
		var few [uuidBytes]byte
		for i := set.Next(0); i >= 0; i = set.Next(i + 1) {
			if string(b.appendHex(few[:0], c, i)) != value {
				set.Clear(i)
			}
		}
		return true
	}
	return false
}
