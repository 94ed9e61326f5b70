package block

import (
	"sync"

	"auditlog/store/block/bits"
)

// scratch is what reading all elements of a column needs besides its result.
type scratch struct {
	text, coded []byte
	values      []string
	of          [bits.MaxRows]uint16
	ends        [bits.MaxRows]int
	ranks       [bits.MaxRows]uint16
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// values returns all elements of a column of strings, in dst's memory if it has
// room. That is much faster than one by one.
func (b *Block) values(c *column, dst []string) ([]string, error) {
	dst = dst[:0]
	switch c.kind {
	case kindDict:
		return b.dictValues(c, dst)
	case kindSome:
		return b.someValues(c, dst)
	case kindTemplate:
		return b.templateValues(c, dst)
	case kindRefs:
		return b.refValues(c, dst)
	}
	for i := range int(c.m) {
		s, err := b.value(c, i)
		if err != nil {
			return nil, err
		}
		dst = append(dst, s)
	}
	return dst, nil
}

func (b *Block) dictValues(c *column, dst []string) ([]string, error) {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	var err error
	if s.values, err = b.values(b.kid(c, 0), s.values); err != nil {
		return nil, err
	}
	b.all(&c.index, &s.of)
	for _, v := range s.of[:c.m] {
		if int(v) >= len(s.values) {
			return nil, bits.Corrupt("index %d of %d strings", v, c.n)
		}
		dst = append(dst, s.values[v])
	}
	return dst, nil
}

func (b *Block) someValues(c *column, dst []string) ([]string, error) {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	var err error
	if s.values, err = b.values(b.kid(c, 0), s.values); err != nil {
		return nil, err
	}
	b.all(&c.index, &s.of)
	present := s.values
	for _, there := range s.of[:c.m] {
		switch {
		case there == 0:
			dst = append(dst, "")
		case len(present) == 0:
			return nil, bits.Corrupt("more than %d values", b.kid(c, 0).m)
		default:
			dst, present = append(dst, present[0]), present[1:]
		}
	}
	return dst, nil
}

// templateValues appends all elements of a column of templates, which are cut from one string.
func (b *Block) templateValues(c *column, dst []string) ([]string, error) {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	s.text = s.text[:0]
	err := b.eachTemplate(c, s, func(i int, text []byte) error {
		s.text = append(s.text, text...)
		s.ends[i] = len(s.text)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return cut(dst, string(s.text), s.ends[:c.m]), nil
}

// eachTemplate calls fn with all elements of a column of templates, each valid
// until the next.
func (b *Block) eachTemplate(c *column, s *scratch, fn func(i int, text []byte) error) error {
	b.all(&c.index, &s.of)
	clear(s.ranks[:c.n])
	for i, t := range s.of[:c.m] {
		if t >= c.n {
			return bits.Corrupt("index %d of %d templates", t, c.n)
		}
		var err error
		if s.coded, err = b.appendTemplate(s.coded[:0], c, int(t), int(s.ranks[t])); err != nil {
			return err
		}
		s.ranks[t]++
		if err := fn(i, s.coded); err != nil {
			return err
		}
	}
	return nil
}

// refValues appends all elements of a column of references.
func (b *Block) refValues(c *column, dst []string) ([]string, error) {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	s.text = s.text[:0]
	add := func(row int, coded []byte) (err error) {
		s.text, err = b.appendRefs(s.text, coded, row)
		s.ends[row] = len(s.text)
		return err
	}
	kid := b.kid(c, 0)
	if kid.kind == kindTemplate {
		if err := b.eachTemplate(kid, s, add); err != nil {
			return nil, err
		}
		return cut(dst, string(s.text), s.ends[:c.m]), nil
	}
	coded, err := b.values(kid, dst)
	if err != nil {
		return nil, err
	}
	for row, v := range coded {
		s.coded = append(s.coded[:0], v...)
		if err := add(row, s.coded); err != nil {
			return nil, err
		}
	}
	return cut(coded[:0], string(s.text), s.ends[:c.m]), nil
}

// cut appends the pieces of text that end at ends.
func cut(dst []string, text string, ends []int) []string {
	start := 0
	for _, end := range ends {
		dst = append(dst, text[start:end])
		start = end
	}
	return dst
}
