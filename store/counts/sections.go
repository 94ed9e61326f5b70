package counts

import (
	"bytes"

	"auditlog/audit"
	"auditlog/store/block"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// A Range is what sections do not tell of: the positions at or above Low, below High.
type Range struct {
	Low, High audit.Position
	// Times says that only the counts of the buckets are missing.
	Times bool
}

// allCounted reports whether sections count by all that a filter asks for.
func allCounted(f *block.Filter) bool {
	fields := format.CountedFields()
	return f.Within(fields[:])
}

// sectionTally adds sections to a tally.
type sectionTally struct {
	*Tally
	filter    *block.Filter
	low, high audit.Position
	look      func() error
	rest      []Range

	view    format.SectionView
	late    format.SectionView
	whole   uint64                         // the parts that lie between low and high
	buckets [format.MaxParts]*audit.Bucket // those that the parts lie in; nil: none, or several
	passes  [len(format.Group{})][]bool    // which values the filter lets pass
	sums    [len(format.Group{})][]int64   // of these values
}

// Where the fields that are told of stand in format.CountedFields.
const (
	ofType = iota
	ofAction
	ofOutcome
	ofActor = len(format.Group{}) - 1
)

// AddSections counts what a project's sections tell of the entries at or above low and below
// high that a filter selects, of which allCounted holds, and returns what is to be counted
// besides. look is called now and then, and ends it with its error.
func (t *Tally) AddSections(
	tx kv.Tx, p format.ProjectID, f *block.Filter, low, high audit.Position, look func() error,
) ([]Range, error) {
	s := &sectionTally{Tally: t, filter: f, low: low, high: high, look: look}
	err := s.each(tx, p)
	return s.rest, err
}

// each adds the sections from the oldest on.
func (t *sectionTally) each(tx kv.Tx, p format.ProjectID) error {
	first := format.SectionKey(p, t.low)
	c := tx.Bucket(format.Spans).Cursor()
	k, value := kv.AtOrBefore(c, first)
	if tx.Err() == nil && (k == nil || !bytes.HasPrefix(k, first[:5])) {
		k, value = c.Seek(first)
	}
	counted := t.low
	for ; ; k, value = c.Next() {
		for h := tx.Pass(); h != nil; h = tx.Pass() {
			k, value = c.Past(h, false)
		}
		if k == nil || !bytes.HasPrefix(k, first[:5]) {
			break
		}
		if err := t.look(); err != nil {
			return err
		}
		late, ok := t.open(tx, k, value)
		if !ok {
			continue // what it tells of is counted by row
		}
		start, end := t.view.Starts[0], t.view.End
		if start.Compare(t.high) >= 0 {
			break
		}
		if end.Compare(t.low) <= 0 {
			continue
		}
		t.leave(counted, start)
		counted = end
		t.cut()
		t.addGroups(&t.view)
		if late && t.whole != 0 {
			t.addGroups(&t.late)
		}
	}
	t.leave(counted, t.high)
	return nil
}

// open opens a section and what was added to it late, if anything was. ok is false where either
// is damaged.
func (t *sectionTally) open(tx kv.Tx, k, value []byte) (late, ok bool) {
	if t.view.Open(k, value) != nil {
		return false, false
	}
	key, _ := format.LateKeyOf(k)
	value = tx.Bucket(format.Spans).Get(key)
	if tx.Pass() != nil || value != nil && t.late.Open(key, value) != nil {
		return false, false
	}
	return value != nil, true
}

// leave says that the entries of a range are to be counted by row.
func (t *sectionTally) leave(low, high audit.Position) {
	if low.Compare(t.low) < 0 {
		low = t.low
	}
	if high.Compare(t.high) > 0 {
		high = t.high
	}
	if low.Compare(high) < 0 {
		t.rest = append(t.rest, Range{Low: low, High: high})
	}
}

// cut finds out which parts of the section count as they are.
func (t *sectionTally) cut() {
	t.whole = 0
	starts := t.view.Starts
	for i, start := range starts {
		end := t.view.End
		if i+1 < len(starts) {
			end = starts[i+1]
		}
		if start.Compare(t.low) < 0 || end.Compare(t.high) > 0 {
			t.leave(start, end)
			continue
		}
		t.whole |= 1 << i
		bucket, until := t.bucket(start.At)
		if t.buckets[i] = bucket; end.At >= until {
			t.buckets[i] = nil
			t.rest = append(t.rest, Range{start, end, true})
		}
	}
}

// addGroups adds the groups of a section.
func (t *sectionTally) addGroups(v *format.SectionView) {
	for i, f := range format.CountedFields() {
		t.passes[i], t.sums[i] = t.passes[i][:0], t.sums[i][:0]
		for _, value := range v.Values[i] {
			t.passes[i] = append(t.passes[i], t.filter.Passes(f, value))
			t.sums[i] = append(t.sums[i], 0)
		}
	}
	for n := range v.Groups() {
		g := v.Group(n)
		if sum := t.sum(v, n, &g); sum > 0 {
			for i := range g {
				t.sums[i][g[i]] += sum
			}
		}
	}
	for i, values := range [len(format.Group{})]*topValues{ofType: &t.types, ofAction: &t.actions, ofActor: &t.actors} {
		for n, sum := range t.sums[i] {
			if values != nil && sum > 0 {
				values.add(v.Values[i][n], sum)
			}
		}
	}
	for n, sum := range t.sums[ofOutcome] {
		t.addOutcome(nil, audit.Outcome(v.Values[ofOutcome][n]), sum)
	}
}

// sum adds the entries of group n to their buckets, and returns how many are selected.
func (t *sectionTally) sum(v *format.SectionView, n int, g *format.Group) (sum int64) {
	for i, number := range g {
		if !t.passes[i][number] {
			return 0
		}
	}
	var bucket *audit.Bucket
	var inBucket int64
	outcome := audit.Outcome(v.Values[ofOutcome][g[ofOutcome]])
	flush := func() {
		sum += inBucket
		if bucket != nil {
			bucket.Add(outcome, inBucket)
		}
	}
	for _, c := range v.Cells(n) {
		if t.whole>>c.Part&1 == 0 {
			continue
		}
		if b := t.buckets[c.Part]; b != bucket {
			flush()
			bucket, inBucket = b, 0
		}
		inBucket += int64(c.Count)
	}
	flush()
	return sum
}
