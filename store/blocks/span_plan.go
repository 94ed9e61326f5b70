package blocks

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"

	"auditlog/audit"
	"auditlog/store/block"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// spanParts is in how many parts a span is written as a project grows.
const spanParts = 4

// cutSpans is how many spans one seal cuts of a region that has grown too large, at most.
const cutSpans = 4

// A SpanPlan says how the spans of a project change together with its blocks.
type SpanPlan struct {
	drop [][]byte  // keys
	put  []spanPut // those of a field in the order of keys
	// Extent is how far the spans reach then.
	format.Extent
}

// spanPut is a record of a span as it is to be written.
type spanPut struct{ key, value []byte }

// write does what a plan says.
func (p *SpanPlan) write(tx kv.Tx) error {
	spans := tx.Bucket(format.Spans)
	for _, k := range p.drop {
		if err := spans.Delete(k); err != nil {
			return fmt.Errorf("delete span: %w", err)
		}
	}
	for _, r := range p.put {
		if err := spans.Put(r.key, r.value); err != nil {
			return fmt.Errorf("put span: %w", err)
		}
	}
	return nil
}

// A SpanPlanner plans the spans of the projects of one seal. Records are large, and
// take blocks to be read, so that is part of the work before the transaction.
type SpanPlanner struct {
	r     *Reader
	sizes *Sizes
	tx    kv.Tx
	// cut says that a region was cut anew. One a seal is enough: a region that is left
	// as it is waits for the next entry that gets there.
	cut bool

	// Of the project at hand:
	id      format.ProjectID
	blocks  *Plan
	dropped map[format.BlockKey]bool // by blocks
	records map[string]*format.Span  // by key, as they will be; nil: there will be none
	last    *spanRecords             // the span that was grown last
	counts  sectionPlan
	plan    SpanPlan
}

// NewSpanPlanner returns a planner of what a transaction sees.
func (r *Reader) NewSpanPlanner(z *Sizes, tx kv.Tx) *SpanPlanner {
	return &SpanPlanner{r: r, sizes: z, tx: tx}
}

// region is a span, or the gap between two of them.
type region struct {
	from, to audit.Position
	span     bool
}

// Project returns the plan for a project, whose blocks change as a plan says that brings
// entries, sorted, into them.
//
// Blocks that come into a span have their values added to it. Late entries cut blocks in
// two, and history that is imported puts blocks where no span tells of them: a span,
// or a gap between spans, that has come to hold twice the blocks of a span is cut anew, so
// that a filter skips blocks wherever they came from. And behind its spans a project gets
// another part of one once there are blocks enough.
func (m *SpanPlanner) Project(id format.ProjectID, have *format.Extent, blocks *Plan, entries []*audit.Entry) (*SpanPlan, error) {
	m.id, m.blocks, m.last = id, blocks, nil
	m.records = make(map[string]*format.Span)
	m.counts = newSectionPlan(m.tx, id)
	m.dropped = make(map[format.BlockKey]bool, len(blocks.Drop))
	for _, b := range blocks.Drop {
		m.dropped[b.Key] = true
	}
	m.plan = SpanPlan{Extent: format.Extent{Spanned: have.Spanned, Loose: have.Loose + blocks.looser(have)}}
	put := blocks.Put
	for len(put) > 0 && !have.Behind(put[0].Key.Position) {
		r, err := m.region(put[0].Key.Position)
		if err != nil {
			return nil, err
		}
		n := 1
		for n < len(put) && put[n].Key.Compare(r.to) < 0 {
			n++
		}
		if err := m.fit(r, put[:n]); err != nil {
			return nil, err
		}
		put = put[n:]
	}
	if err := m.grow(); err != nil {
		return nil, err
	}
	if err := m.counts.late(entries, have.Spanned); err != nil {
		return nil, err
	}
	plan := m.plan
	m.counts.addTo(&plan)
	for _, k := range slices.Sorted(maps.Keys(m.records)) {
		if r := m.records[k]; r == nil {
			plan.drop = append(plan.drop, []byte(k))
		} else {
			plan.put = append(plan.put, spanPut{[]byte(k), r.Encode([]byte(k))})
		}
	}
	return &plan, nil
}

// region returns the region of a block that begins at a position before the end of
// the project's spans.
func (m *SpanPlanner) region(at audit.Position) (region, error) {
	f := format.SpanFields()[0]
	_, v, err := spanBefore(m.tx, m.id, f, at)
	if err != nil {
		return region{}, err
	}
	if v != nil && at.Compare(v.End) < 0 {
		return region{v.Start(0), v.End, true}, nil
	}
	gap := region{to: m.plan.Spanned}
	if v != nil {
		gap.from = v.End
	}
	want := format.SpanKey(m.id, f, at)
	k, value := m.tx.Bucket(format.Spans).Cursor().Seek(want)
	if bytes.HasPrefix(k, want[:5]) {
		next, err := format.OpenSpan(k, value)
		if err != nil {
			return region{}, err
		}
		gap.to = next.Start(0)
	}
	return gap, nil
}

// fit has a region take in blocks that come into it.
func (m *SpanPlanner) fit(r region, put []Keyed) error {
	most := cutSpans * m.sizes.Span
	if !m.cut {
		keys, err := m.keys(r.from, r.to, most+1)
		if err != nil {
			return err
		}
		if len(keys) >= 2*m.sizes.Span {
			m.cut = true
			return m.recut(r, keys, most)
		}
	}
	if r.span {
		return m.extend(r, put)
	}
	return nil
}

// extend adds the values of blocks to the records of the span that they come into.
func (m *SpanPlanner) extend(r region, put []Keyed) error {
	for _, f := range format.SpanFields() {
		key := format.SpanKey(m.id, f, r.from)
		value := m.tx.Bucket(format.Spans).Get(key)
		if value == nil {
			continue
		}
		v, err := format.OpenSpan(key, value)
		if err != nil {
			return err
		}
		added := format.NewSpan()
		for _, b := range put {
			hashes, err := b.Hashes(f)
			if err != nil {
				return fmt.Errorf("%v: %w", b.Key, err)
			}
			added.Add(hashes, v.Number(b.Key.Position))
		}
		if merged := v.With(added); merged != nil {
			m.records[string(key)] = merged
		}
	}
	return nil
}

// recut makes new spans, each of about as many blocks, of the first blocks of a region,
// most of them at most. What of the region lies behind them is a gap from then on.
func (m *SpanPlanner) recut(r region, keys []format.BlockKey, most int) error {
	if r.span {
		for _, f := range format.SpanFields() {
			m.records[string(format.SpanKey(m.id, f, r.from))] = nil
		}
	}
	m.counts.recut(r)
	end := r.to
	if len(keys) > most {
		end = keys[most].Position
		keys = keys[:most]
	}
	run, err := m.open(keys)
	if err != nil {
		return err
	}
	span := m.sizes.Span
	for pieces := (len(run) + span - 1) / span; pieces > 0; pieces-- {
		n, to := len(run)/pieces, end
		if n < len(run) {
			to = run[n].Key.Position
		}
		if err := m.fill(newSpanRecords(), run[:n], to); err != nil {
			return err
		}
		run = run[n:]
	}
	return nil
}

// grow makes spans of the blocks behind the last one, a part of a span at a time, while
// there are enough of them.
func (m *SpanPlanner) grow() error {
	z := m.sizes
	n := max(1, z.Span/spanParts)
	for m.plan.Loose >= n+z.Ahead {
		keys, err := m.keys(m.plan.Spanned, audit.Position{At: math.MaxInt64}, n+1)
		if err != nil {
			return err
		}
		if len(keys) <= n {
			return fmt.Errorf("spans of project %d: %w: %d blocks behind %v, %d expected",
				m.id, format.ErrCorrupt, len(keys), m.plan.Spanned, m.plan.Loose)
		}
		run, err := m.open(keys[:n])
		if err != nil {
			return err
		}
		if m.last, err = m.lastSpan(z.Span - n); err != nil {
			return err
		}
		end := keys[n].Position
		if err := m.fill(m.last, run, end); err != nil {
			return err
		}
		m.plan.Spanned, m.plan.Loose = end, m.plan.Loose-n
	}
	return nil
}

// lastSpan returns the span that ends where the project's spans do if it tells of no
// more than so many blocks; else a new one.
func (m *SpanPlanner) lastSpan(most int) (*spanRecords, error) {
	if m.last != nil {
		if len(m.last.fields[0].Starts) > most {
			return newSpanRecords(), nil
		}
		return m.last, nil
	}
	last := new(spanRecords)
	for _, f := range format.SpanFields() {
		key, v, err := spanBefore(m.tx, m.id, f, m.plan.Spanned)
		if err != nil {
			return nil, err
		}
		if v == nil {
			return newSpanRecords(), nil
		}
		r, planned := m.records[string(key)]
		if !planned {
			r = v.Span()
		}
		if r == nil || r.End != m.plan.Spanned || len(r.Starts) > most {
			return newSpanRecords(), nil // it ends elsewhere, perhaps since it was cut anew
		}
		last.fields = append(last.fields, r)
	}
	if across, err := m.across(m.plan.Spanned); err != nil || across {
		return newSpanRecords(), err // the section has room for what follows its end alone
	}
	var err error
	last.section, err = m.counts.at(last.fields[0].Starts[0])
	return last, err
}

// across reports whether a block that begins before a position will hold an entry at or after it.
func (m *SpanPlanner) across(p audit.Position) (bool, error) {
	for _, b := range m.blocks.Put {
		if b.Key.Compare(p) < 0 && b.Last().Compare(p) >= 0 {
			return true, nil
		}
	}
	c := NewCursor(m.tx, m.id)
	ok, err := c.Before(p)
	for ok && err == nil && m.dropped[c.Key] {
		ok, err = c.Prev()
	}
	if !ok || err != nil {
		return false, err
	}
	last, _, _ := block.Bounds(c.Value)
	return last >= p.At, nil
}

// fill adds a run of blocks, up to a position, to the records of a span.
func (m *SpanPlanner) fill(span *spanRecords, run []Keyed, end audit.Position) error {
	for i, f := range format.SpanFields() {
		r := span.fields[i]
		r.End = end
		for _, b := range run {
			hashes, err := b.Hashes(f)
			if err != nil {
				return fmt.Errorf("%v: %w", b.Key, err)
			}
			r.Add(hashes, len(r.Starts))
			r.Starts = append(r.Starts, b.Key.Position)
		}
		m.records[string(format.SpanKey(m.id, f, r.Starts[0]))] = r
	}
	return m.counts.fill(span, run, end)
}

// keys returns the first blocks that will begin at or after one position and before
// another, most of them at most.
func (m *SpanPlanner) keys(from, to audit.Position, most int) (keys []format.BlockKey, err error) {
	c := NewCursor(m.tx, m.id)
	ok, err := c.From(from)
	for ; ok && err == nil && c.Key.Compare(to) < 0 && len(keys) < most; ok, err = c.Next() {
		if !m.dropped[c.Key] {
			keys = append(keys, c.Key)
		}
	}
	if err != nil {
		return nil, err
	}
	put := m.blocks.Put
	if from != (audit.Position{}) { // which stands for the beginning
		put = m.blocks.from(from)
	}
	for len(put) > 0 && put[0].Key.Compare(to) < 0 {
		keys, put = append(keys, put[0].Key), put[1:]
	}
	slices.SortFunc(keys, func(a, b format.BlockKey) int { return a.Compare(b.Position) })
	keys = slices.Compact(keys)
	return keys[:min(len(keys), most)], nil
}

// open returns the blocks that will stand under keys.
func (m *SpanPlanner) open(keys []format.BlockKey) ([]Keyed, error) {
	run := make([]Keyed, len(keys))
	var missing [][]byte
	for i, k := range keys {
		run[i] = Keyed{k, m.blocks.at(k)}
		if run[i].Block == nil {
			missing = append(missing, k.Append(nil))
		}
	}
	var err error
	i := 0
	m.tx.Bucket(format.Blocks).GetMany(missing, func(_, v []byte) {
		for run[i].Block != nil {
			i++
		}
		var failed error
		run[i].Block, failed = m.r.Fresh(run[i].Key, v)
		if err == nil {
			err = failed
		}
		i++
	})
	return run, err
}
