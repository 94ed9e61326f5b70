package blocks

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"auditlog/audit"
	"auditlog/store/block"
	"auditlog/store/format"
)

// Keyed is a block and its key.
type Keyed struct {
	Key format.BlockKey
	*block.Block
}

// Plan says which blocks of a project go and which come: all the work that
// can be done before the transaction that does it.
type Plan struct {
	Drop, Put []Keyed   // Put in the order of keys
	Spans     *SpanPlan // nil: as they are
}

// from returns the blocks that come and begin at or after a position.
func (p *Plan) from(at audit.Position) []Keyed {
	i, _ := slices.BinarySearchFunc(p.Put, at, func(b Keyed, at audit.Position) int { return b.Key.Compare(at) })
	return p.Put[i:]
}

// at returns the block that comes to stand under a key, or nil.
func (p *Plan) at(key format.BlockKey) *block.Block {
	if put := p.from(key.Position); len(put) > 0 && put[0].Key == key {
		return put[0].Block
	}
	return nil
}

// looser returns how many blocks more there are behind the project's spans.
func (p *Plan) looser(e *format.Extent) int {
	n := 0
	for _, b := range p.Put {
		if e.Behind(b.Key.Position) {
			n++
		}
	}
	for _, b := range p.Drop {
		if e.Behind(b.Key.Position) {
			n--
		}
	}
	return n
}

// planner works out a Plan from what a transaction sees.
type planner struct {
	r       *Reader
	sizes   *Sizes
	cursor  *Cursor
	project string
	seq     *uint64 // the newest given out
	// taken is the last block that entries were merged into: the transaction
	// shows it as it was before.
	taken format.BlockKey
	plan  Plan
	most  Budget
	bytes int  // of the blocks that go
	held  bool // what is left does not fill a block
}

// Budget bounds what one plan rewrites, so that the transaction which does it is short. A
// plan ends where it is spent: it is exceeded by what one step of a plan takes. What is put
// behind all blocks of a project is not counted.
type Budget struct {
	// Blocks is how many blocks are rewritten, Bytes how many bytes these have.
	Blocks, Bytes int
	// Hold leaves out the newest entries where they would begin a block and not fill it: it would
	// be rewritten soon.
	Hold bool
}

// Unbounded returns the budget of a plan that is made whole.
func Unbounded() Budget { return Budget{Blocks: math.MaxInt, Bytes: math.MaxInt} }

// PlanMerge works out how sorted entries get into p's blocks, which stay sorted
// and do not overlap: an entry belongs to the last block that begins at or before
// it, or to the first one. Blocks behind which nothing comes grow; the others
// are rewritten, and cut in two when they are too large. It returns how many of the
// entries, from the oldest on, the plan is for, which are all of them unless the budget is
// spent before, or has some held back.
func (r *Reader) PlanMerge(
	z *Sizes, c *Cursor, project string, entries []*audit.Entry, most Budget, seq *uint64,
) (plan *Plan, planned int, err error) {
	m := &planner{r: r, sizes: z, cursor: c, project: project, seq: seq, most: most}
	for planned < len(entries) && !m.held && !m.spent() {
		n, err := m.group(entries[planned:])
		if err != nil {
			return nil, 0, err
		}
		planned += n
	}
	return &m.plan, planned, nil
}

func (m *planner) spent() bool {
	return len(m.plan.Drop) >= m.most.Blocks || m.bytes >= m.most.Bytes
}

// group plans the entries at the front that belong to one block, and returns how
// many they are.
func (m *planner) group(entries []*audit.Entry) (int, error) {
	ok, err := m.cursor.Reach(entries[0].Position())
	if err != nil {
		return 0, err
	}
	if !ok { // the project has no block
		return m.fill(nil, entries)
	}
	b, err := m.open()
	if err != nil {
		return 0, err
	}
	more, err := m.cursor.Next()
	if err != nil {
		return 0, err
	}
	if !more {
		return m.grow(b, entries)
	}
	n := countBefore(entries, m.cursor.Key.Position)
	old, err := m.take(b)
	if err != nil {
		return 0, err
	}
	m.taken = b.Key
	return n, m.put(split(Merge(old, entries[:n]), m.sizes.BlockRows, true))
}

// countBefore returns how many sorted entries are before p; at least one is.
func countBefore(entries []*audit.Entry, p audit.Position) int {
	n := 1
	for n < len(entries) && entries[n].Position().Compare(p) < 0 {
		n++
	}
	return n
}

// grow plans entries into and behind the last block, and returns how many they are. Small
// blocks at the end are taken in while they are not much larger than what is added: so each
// entry is rewritten a few times at most, and few small blocks remain.
func (m *planner) grow(last Keyed, entries []*audit.Entry) (int, error) {
	overlap := entries[0].Position().Compare(last.Last()) < 0
	z := m.sizes
	if m.most.Hold && !overlap && z.growing(last.Block) && last.Rows()+len(entries) < z.BlockRows {
		m.held = true
		return 0, nil
	}
	var old []*audit.Entry
	for overlap || z.growing(last.Block) && last.Rows() <= 2*(len(old)+len(entries)) {
		taken, err := m.take(last)
		if err != nil {
			return 0, err
		}
		old = append(taken, old...)
		overlap = false
		ok, err := m.seekBefore(last.Key)
		if err != nil {
			return 0, err
		}
		if !ok || m.cursor.Key == m.taken {
			break
		}
		if last, err = m.open(); err != nil {
			return 0, err
		}
	}
	return m.fill(old, entries)
}

// fill plans blocks for entries and for old ones, which come from blocks that go, at the end of
// the project, and returns for how many of the entries.
func (m *planner) fill(old, entries []*audit.Entry) (int, error) {
	parts := split(Merge(old, entries), m.sizes.BlockRows, false)
	n := len(entries)
	if rest := parts[len(parts)-1]; m.most.Hold && len(rest) < m.sizes.BlockRows &&
		(len(old) == 0 || ByPosition(old[len(old)-1], rest[0]) < 0) {
		m.held = true
		n -= len(rest)
		parts = parts[:len(parts)-1]
	}
	return n, m.put(parts)
}

// seekBefore moves to the block before the one under key.
func (m *planner) seekBefore(key format.BlockKey) (bool, error) {
	if ok, err := m.cursor.Seek(key.Position); err != nil || !ok {
		return ok, err
	}
	return m.cursor.Prev()
}

// open opens the block at the cursor.
func (m *planner) open() (Keyed, error) {
	b, err := m.r.Fresh(m.cursor.Key, m.cursor.Value)
	return Keyed{m.cursor.Key, b}, err
}

// take plans a block's end and returns its entries.
func (m *planner) take(b Keyed) ([]*audit.Entry, error) {
	m.plan.Drop = append(m.plan.Drop, b)
	m.bytes += len(b.Bytes())
	return b.Entries(m.project)
}

// put plans a block for each part.
func (m *planner) put(parts [][]*audit.Entry) error {
	for _, part := range parts {
		*m.seq++
		b, err := newKeyed(m.cursor.project, *m.seq, part)
		if err != nil {
			return err
		}
		m.plan.Put = append(m.plan.Put, b)
	}
	return nil
}

// newKeyed makes the block of entries.
func newKeyed(p format.ProjectID, seq uint64, entries []*audit.Entry) (b Keyed, err error) {
	b.Key = format.BlockKey{Project: p, Position: entries[0].Position()}
	if b.Block, err = block.Make(seq, entries); err != nil {
		return Keyed{}, fmt.Errorf("encode %v: %w", b.Key, err)
	}
	return b, nil
}

// split cuts sorted entries into parts that fit a block of so many rows each. Even parts leave
// each block room for more late entries; otherwise all but the last are full.
func split(entries []*audit.Entry, rows int, even bool) [][]*audit.Entry {
	if n := (len(entries) + rows - 1) / rows; even && n > 1 {
		rows = (len(entries) + n - 1) / n
	}
	var parts [][]*audit.Entry
	start, size := 0, 0
	for i, e := range entries {
		n := block.SizeOf(e)
		if i > start && (i-start == rows || size+n > block.MaxBytes) {
			parts = append(parts, entries[start:i])
			start, size = i, 0
		}
		size += n
	}
	return append(parts, entries[start:])
}

// ByPosition compares entries as blocks sort them.
func ByPosition(a, b *audit.Entry) int { return a.Position().Compare(b.Position()) }

// FirstAt returns where in sorted entries those begin that are not before a position.
func FirstAt(entries []*audit.Entry, p audit.Position) int {
	return sort.Search(len(entries), func(i int) bool { return entries[i].Position().Compare(p) >= 0 })
}

// Merge returns a new slice with the entries of two sorted ones.
func Merge(a, b []*audit.Entry) []*audit.Entry {
	merged := make([]*audit.Entry, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if ByPosition(a[0], b[0]) < 0 {
			merged, a = append(merged, a[0]), a[1:]
		} else {
			merged, b = append(merged, b[0]), b[1:]
		}
	}
	return append(append(merged, a...), b...)
}
