package search

import (
	"slices"

	"auditlog/fulltext"
	"auditlog/store/block/bits"
	"auditlog/store/block/chunk"
)

// find adds the strings from lo to hi that hold w, and those that are not ASCII, to
// set, where string 0 would be element base.
func find(p *chunk.Strings, w *fulltext.Word, j *joined, lo, hi, base int, set *bits.Rows) {
	at, _ := slices.BinarySearch(p.Strange, uint32(lo))
	for _, i := range p.Strange[at:] {
		if int(i) >= hi {
			break
		}
		set.Set(base + int(i))
	}
	if w.Never {
		return
	}
	findCase(p, w, w.Lower, j, lo, hi, base, set)
	if w.Upper != w.Lower {
		findCase(p, w, w.Upper, j, lo, hi, base, set)
	}
}

// findCase does so for strings in which the rare byte of w is c.
func findCase(p *chunk.Strings, w *fulltext.Word, c byte, j *joined, lo, hi, base int, set *bits.Rows) {
	for pos, end := p.Ends[lo], p.Ends[hi]; ; {
		i := w.Next(p.Text[pos:end], c)
		if i < 0 {
			return
		}
		pos += uint32(i)
		behind, _ := slices.BinarySearch(p.Ends[lo:hi+1], pos+1)
		lo += behind - 1
		s, at := p.Get(lo), int(pos-p.Ends[lo])
		if pos++; at+len(w.Text) <= len(s) && alone(w, s, at, j) {
			set.Set(base + lo)
			pos = p.Ends[lo+1]
		}
	}
}
