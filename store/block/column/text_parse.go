package column

import "unsafe"

// chunks reads the table of the chunks; where they lie is known at the end.
func (p *Parser) chunks() {
	s := p.set
	first := 0
	for class := range classCount {
		n := p.Count(0, len(p.Data))
		if class == classRaw && n > 1 {
			p.Fail("%d chunks of the raw class", n)
		}
		for range n {
			s.chunks = append(s.chunks, chunk{})
			f := &s.chunks[len(s.chunks)-1]
			f.first, f.class = first, uint8(class)
			f.n = p.Count(0, maxChunk)
			f.raw = p.Count(f.n, maxChunk)
			f.stored = p.Count(0, len(p.Data))
			if f.packed = f.stored != 0; !f.packed {
				f.stored = f.raw
			}
			if p.Err != nil {
				return
			}
			first += f.n
			p.total[class] += f.n
		}
	}
	s.raws = p.total[classRaw]
	s.memory.Add(int64(len(s.chunks)) * int64(unsafe.Sizeof(chunk{})))
}

// texts finds where the chunks lie, and reads those of the raw class.
func (p *Parser) texts() {
	s := p.set
	for i := range s.chunks {
		f := &s.chunks[i]
		f.off = p.Take(f.stored)
		if p.Err != nil {
			return
		}
		if f.first < s.raws {
			if f.packed {
				p.Fail("a packed chunk of the raw class")
				return
			}
			if _, err := s.decode(f); err != nil {
				p.Err = err
				return
			}
		}
	}
}
