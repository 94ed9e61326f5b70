package block

import (
	"auditlog/store/block/bits"
	"auditlog/store/block/column"
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

func scanRecorded(p *column.Parser, n int) (r recorded) {
	r.mode = p.Byte()
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
		return b.CreatedAt(row) + b.columns.Int(&r.at, row)
	case recordedPlain:
		return b.columns.Int(&r.at, row)
	}
	id := b.ID(row)
	lo, hi := 0, r.ids.Len()-1
	for lo < hi {
		mid := (lo + hi + 1) / 2
		if b.columns.Int(&r.ids, mid) <= id {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	return b.columns.Int(&r.at, lo)
}

// allRecorded fills w with the rows' RecordedAt.
func (b *Block) allRecorded(w *stamps) {
	r := &b.recorded
	if r.mode != recordedSteps {
		w.recorded = b.columns.Ints(&r.at, w.recorded[:0])
		if r.mode == recordedSince {
			for row := range w.recorded {
				w.recorded[row] += w.created[row]
			}
		}
		return
	}
	w.steps = w.steps[:0] // of the rows in the order of their ids
	step, at := 0, b.columns.Int(&r.at, 0)
	for _, id := range w.ids {
		for step+1 < r.ids.Len() && b.columns.Int(&r.ids, step+1) <= id {
			step++
			at = b.columns.Int(&r.at, step)
		}
		w.steps = append(w.steps, at)
	}
	w.recorded = w.recorded[:0]
	for row := range w.steps {
		w.recorded = append(w.recorded, w.steps[w.rank(row)])
	}
}

// appendRecorded appends the times of rows with the given ids in the smallest mode.
func (e *encoder) appendRecorded(created, ids, at []int64, order []uint16) {
	stepIDs, stepAt := e.steps(ids, at, order)
	since := e.since[:0]
	for i := range at {
		since = append(since, at[i]-created[i])
	}
	e.since = since
	bySince := bits.SizeOfInts(since)
	byPlain := bits.SizeOfInts(at)
	bySteps := bits.SizeOfInts(stepIDs)
	times := bits.SizeOfInts(stepAt)
	if n := len(stepIDs); bySteps+times < min(bySince, byPlain) {
		e.Byte(recordedSteps)
		e.Uvarint(n)
		e.Ints(stepIDs)
		e.Ints(stepAt)
		return
	}
	if bySince <= byPlain {
		e.Byte(recordedSince)
		e.Ints(since)
		return
	}
	e.Byte(recordedPlain)
	e.Ints(at)
}

// steps returns the runs of equal times among the rows in the order of their ids:
// the first id of each and its time.
func (e *encoder) steps(ids, at []int64, order []uint16) (stepIDs, stepAt []int64) {
	stepIDs, stepAt = e.stepIDs[:0], e.stepAt[:0]
	for _, i := range order {
		if n := len(stepAt); n == 0 || stepAt[n-1] != at[i] {
			stepIDs, stepAt = append(stepIDs, ids[i]), append(stepAt, at[i])
		}
	}
	e.stepIDs, e.stepAt = stepIDs, stepAt
	return stepIDs, stepAt
}
