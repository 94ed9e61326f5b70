package blocks

import (
	"fmt"
	"maps"
	"slices"

	"auditlog/audit"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// sectionPlan plans the sections of a project, one a span: a section that is made counts the
// blocks of its span, and entries that come later into its range are added to those that are
// kept beside it, until they are so many that it takes them in.
type sectionPlan struct {
	tx      kv.Tx
	id      format.ProjectID
	counter *sectionCounter
	// By key, as they will be; nil: there will be none.
	planned map[string]*format.Section
	// cut are the regions that were cut anew: their sections, where they have some, count what comes.
	cut []region
}

func newSectionPlan(tx kv.Tx, id format.ProjectID) sectionPlan {
	return sectionPlan{tx: tx, id: id, counter: new(sectionCounter), planned: make(map[string]*format.Section)}
}

// lateShare is what part of a section's bytes those of its late entries are at most.
const lateShare = 4

// recut takes the section of a region away, whose spans are cut anew.
func (m *sectionPlan) recut(r region) {
	m.cut = append(m.cut, r)
	if r.span {
		m.planned[string(format.SectionKey(m.id, r.from))] = nil
		m.planned[string(format.LateKey(m.id, r.from))] = nil
	}
}

// at returns the section that begins at a position, nil when there is none that can be
// added to.
func (m *sectionPlan) at(start audit.Position) (*format.Section, error) {
	return m.load(format.SectionKey(m.id, start))
}

// load returns the section under a key, as it will be.
func (m *sectionPlan) load(key []byte) (*format.Section, error) {
	if s, ok := m.planned[string(key)]; ok {
		return s, nil
	}
	value := m.tx.Bucket(format.Spans).Get(key)
	if value == nil {
		return nil, nil
	}
	v := new(format.SectionView)
	if err := v.Open(key, value); err != nil {
		return nil, err
	}
	return v.Section(), nil
}

// fill adds a run of blocks, up to a position, to the section of a span.
func (m *sectionPlan) fill(span *spanRecords, run []Keyed, end audit.Position) error {
	s := span.section
	if s == nil {
		return nil
	}
	for _, b := range run {
		part := len(s.Starts)
		s.Starts = append(s.Starts, b.Key.Position)
		if err := m.counter.read(s, b.Block); err != nil {
			return fmt.Errorf("%v: %w", b.Key, err)
		}
		m.counter.add(s, part, 0, b.Search(end))
	}
	s.End = end
	m.planned[string(format.SectionKey(m.id, s.Starts[0]))] = s
	return nil
}

// late counts those of sorted entries that are before a position, behind which no section has
// counted yet, and in the range of a section.
func (m *sectionPlan) late(entries []*audit.Entry, spanned audit.Position) error {
	v := new(format.SectionView)
	for len(entries) > 0 && entries[0].Position().Compare(spanned) < 0 {
		at := entries[0].Position()
		key, value, err := sectionAt(m.tx, m.id, at, v)
		if err != nil {
			return err
		}
		end := v.End
		if key == nil {
			end = sectionStart(m.tx, m.id, at)
		}
		n := countBefore(entries, end)
		if key != nil && !slices.ContainsFunc(m.cut, func(r region) bool { return r.holds(at) }) {
			if err := m.addLate(v, len(value), entries[:n]); err != nil {
				return err
			}
		}
		entries = entries[n:]
	}
	return nil
}

// holds reports whether a position is in the region.
func (r *region) holds(p audit.Position) bool { return p.Compare(r.from) >= 0 && p.Compare(r.to) < 0 }

// addLate counts entries in the range of a section, of so many bytes.
func (m *sectionPlan) addLate(v *format.SectionView, size int, entries []*audit.Entry) error {
	start := v.Starts[0]
	key, lateKey := format.SectionKey(m.id, start), format.LateKey(m.id, start)
	late, err := m.load(lateKey)
	if err != nil {
		return err
	}
	if late == nil {
		late = format.NewSection()
	}
	for _, e := range entries {
		addLate(late, v.Part(e.Position()), e)
	}
	m.planned[string(lateKey)] = late
	value, ok := late.Encode(lateKey)
	if ok && len(value) <= size/lateShare {
		return nil
	}
	s, err := m.load(key)
	if err != nil {
		return err
	}
	m.planned[string(lateKey)], m.planned[string(key)] = nil, nil
	if !ok || s == nil {
		return nil // too much to be counted ahead of time
	}
	if err := v.Open(lateKey, value); err != nil {
		return err
	}
	s.Merge(v)
	m.planned[string(key)] = s
	return nil
}

// addTo adds what is planned to a plan. Late entries go with the section that they belong to.
func (m *sectionPlan) addTo(plan *SpanPlan) {
	for _, k := range slices.Sorted(maps.Keys(m.planned)) { // a section comes before its late entries
		key := []byte(k)
		if s := m.planned[k]; s != nil {
			if value, ok := s.Encode(key); ok {
				plan.put = append(plan.put, spanPut{key, value})
				continue
			}
		}
		plan.drop = append(plan.drop, key)
		if late, ok := format.LateKeyOf(key); ok {
			m.planned[string(late)] = nil
			plan.drop = append(plan.drop, late)
		}
	}
}
