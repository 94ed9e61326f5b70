package block

import (
	"cmp"
	"slices"

	"auditlog/store/block/bits"
)

// How RecordedAt is packed.
const (
	recordedSince = iota // relative to CreatedAt
	recordedPlain        // by itself
	recordedSteps        // as a function of the id: one commit's entries share it
	recordedCount
)

// recorded is the column of RecordedAt.
type recorded struct {
	mode uint8
	at   bits.Ints
	ids  bits.Ints // steps: the first id of each
}

func (p *parser) recorded() (r recorded) {
	r.mode = p.Byte()
	n := p.b.rows
	if r.mode >= recordedCount {
		p.Fail("record times of mode %d", r.mode)
	}
	if r.mode == recordedSteps {
		n = p.Count(1, n)
		r.ids = p.Ints(n)
	}
	r.at = p.Ints(n)
	return r
}

// recordedAt returns row's RecordedAt in microseconds.
func (b *Block) recordedAt(row int) int64 {
	r := &b.recorded
	switch r.mode {
	case recordedSince:
		return b.int(&b.created, row) + b.int(&r.at, row)
	case recordedPlain:
		return b.int(&r.at, row)
	}
	id := b.int(&b.ids, row)
	lo, hi := 0, r.ids.Len()-1
	for lo < hi {
		mid := (lo + hi + 1) / 2
		if b.int(&r.ids, mid) <= id {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	return b.int(&r.at, lo)
}

// appendRecorded appends the times of rows with the given ids in the smallest mode.
func (e *encoder) appendRecorded(created, ids, at []int64) {
	stepIDs, stepAt := e.steps(ids, at)
	since := e.numbers[:0]
	for i := range at {
		since = append(since, at[i]-created[i])
	}
	e.numbers = since
	bySince := bits.SizeOfInts(since)
	byPlain := bits.SizeOfInts(at)
	bySteps := bits.SizeOfInts(stepIDs)
	times := bits.SizeOfInts(stepAt)
	if n := len(stepIDs); bySteps+times < min(bySince, byPlain) {
		e.out = append(e.out, recordedSteps)
		e.uvarint(n)
		e.out = bits.AppendInts(e.out, stepIDs)
		e.out = bits.AppendInts(e.out, stepAt)
		return
	}
	if bySince <= byPlain {
		e.out = append(e.out, recordedSince)
		e.out = bits.AppendInts(e.out, since)
		return
	}
	e.out = append(e.out, recordedPlain)
	e.out = bits.AppendInts(e.out, at)
}

// steps returns the runs of equal times among the rows in the order of their ids:
// the first id of each and its time.
func (e *encoder) steps(ids, at []int64) (stepIDs, stepAt []int64) {
	order := e.order[:0]
	for i := range ids {
		order = append(order, uint16(i))
	}
	e.order = order
	if !slices.IsSorted(ids) {
		slices.SortFunc(order, func(a, b uint16) int {
			return cmp.Compare(ids[a], ids[b])
		})
	}
	stepIDs, stepAt = e.stepIDs[:0], e.stepAt[:0]
	for _, i := range order {
		if n := len(stepAt); n == 0 || stepAt[n-1] != at[i] {
			stepIDs, stepAt = append(stepIDs, ids[i]), append(stepAt, at[i])
		}
	}
	e.stepIDs, e.stepAt = stepIDs, stepAt
	return stepIDs, stepAt
}
