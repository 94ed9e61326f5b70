package chunk

import (
	"unsafe"

	"auditlog/store/block/bits"
)

// ScanTable reads the table of the chunks; where they lie is known at the end.
func (t *Texts) ScanTable(p *bits.Scanner) {
	first := 0
	for class := range Classes {
		n := p.Count(0, len(p.Data))
		if class == Raw && n > 1 {
			p.Fail("%d chunks of the raw class", n)
		}
		for range n {
			t.chunks = append(t.chunks, chunk{})
			f := &t.chunks[len(t.chunks)-1]
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
			t.total[class] += f.n
		}
	}
	t.memory.Add(int64(len(t.chunks)) * int64(unsafe.Sizeof(chunk{})))
}

// ScanChunks finds where the chunks lie, and reads those of the raw class.
func (t *Texts) ScanChunks(p *bits.Scanner) {
	for i := range t.chunks {
		f := &t.chunks[i]
		f.off = p.Take(f.stored)
		if p.Err != nil {
			return
		}
		if f.class == Raw {
			if f.packed {
				p.Fail("a packed chunk of the raw class")
				return
			}
			if _, err := t.decode(p.Data, f); err != nil {
				p.Err = err
				return
			}
		}
	}
}
