package store

import (
	"fmt"
	"slices"

	"auditlog/audit"
	"auditlog/store/block"
)

// keyedBlock is a block and its key.
type keyedBlock struct {
	key BlockKey
	*block.Block
}

// blockPlan says which blocks of a project go and which come: all the work that
// can be done before the transaction that does it.
type blockPlan struct {
	drop, put []keyedBlock // put in the order of keys
	spans     *spanPlan
}

// from returns the blocks that come and begin at or after a position.
func (p *blockPlan) from(at audit.Position) []keyedBlock {
	i, _ := slices.BinarySearchFunc(p.put, at, func(b keyedBlock, at audit.Position) int { return b.key.Compare(at) })
	return p.put[i:]
}

// at returns the block that comes to stand under a key, or nil.
func (p *blockPlan) at(key BlockKey) *block.Block {
	if put := p.from(key.Position); len(put) > 0 && put[0].key == key {
		return put[0].Block
	}
	return nil
}

// looser returns how many blocks more there are behind the project's spans.
func (p *blockPlan) looser(rec *projectRecord) int {
	n := 0
	for _, b := range p.put {
		if rec.loose(b.key.Position) {
			n++
		}
	}
	for _, b := range p.drop {
		if rec.loose(b.key.Position) {
			n--
		}
	}
	return n
}

// planner works out a blockPlan from what a transaction sees.
type planner struct {
	s       *Store
	cursor  *blockCursor
	project string
	seq     *uint64 // the newest given out
	// taken is the last block that entries were merged into: the transaction
	// shows it as it was before.
	taken BlockKey
	plan  blockPlan
}

// planMerge works out how sorted entries get into p's blocks, which stay sorted
// and do not overlap: an entry belongs to the last block that begins at or before
// it, or to the first one. Blocks behind which nothing comes grow; the others
// are rewritten, and cut in two when they are too large.
func (s *Store) planMerge(c *blockCursor, project string, entries []*audit.Entry, seq *uint64) (*blockPlan, error) {
	m := &planner{s: s, cursor: c, project: project, seq: seq}
	for len(entries) > 0 {
		n, err := m.group(entries)
		if err != nil {
			return nil, err
		}
		entries = entries[n:]
	}
	return &m.plan, nil
}

// group plans the entries at the front that belong to one block, and returns how
// many they are.
func (m *planner) group(entries []*audit.Entry) (int, error) {
	ok, err := m.cursor.seek(entries[0].Position())
	if err == nil && !ok {
		ok, err = m.cursor.first()
	}
	if err != nil {
		return 0, err
	}
	if !ok { // the project has no block
		return len(entries), m.put(entries, false)
	}
	b, err := m.open()
	if err != nil {
		return 0, err
	}
	more, err := m.cursor.next()
	if err != nil {
		return 0, err
	}
	if !more {
		return len(entries), m.grow(b, entries)
	}
	n := countBefore(entries, m.cursor.key.Position)
	old, err := m.take(b)
	if err != nil {
		return 0, err
	}
	m.taken = b.key
	return n, m.put(merge(old, entries[:n]), true)
}

// countBefore returns how many sorted entries are before p; at least one is.
func countBefore(entries []*audit.Entry, p audit.Position) int {
	n := 1
	for n < len(entries) && entries[n].Position().Compare(p) < 0 {
		n++
	}
	return n
}

// grow plans entries into and behind the last block. Small blocks at the end are
// taken in while they are not much larger than what is added: so each entry is
// rewritten a few times at most, and few small blocks remain.
func (m *planner) grow(last keyedBlock, entries []*audit.Entry) error {
	overlap := entries[0].Position().Compare(last.Last()) < 0
	z := &m.s.opts.sizes
	for overlap || z.growing(last.Block) && last.Rows() <= 2*len(entries) {
		old, err := m.take(last)
		if err != nil {
			return err
		}
		entries = merge(old, entries)
		overlap = false
		ok, err := m.seekBefore(last.key)
		if err != nil {
			return err
		}
		if !ok || m.cursor.key == m.taken {
			break
		}
		if last, err = m.open(); err != nil {
			return err
		}
	}
	return m.put(entries, false)
}

// seekBefore moves to the block before the one under key.
func (m *planner) seekBefore(key BlockKey) (bool, error) {
	if ok, err := m.cursor.seek(key.Position); err != nil || !ok {
		return ok, err
	}
	return m.cursor.prev()
}

// open opens the block at the cursor.
func (m *planner) open() (keyedBlock, error) {
	b, err := m.s.readBlock(m.cursor.key, m.cursor.value)
	return keyedBlock{m.cursor.key, b}, err
}

// take plans a block's end and returns its entries.
func (m *planner) take(b keyedBlock) ([]*audit.Entry, error) {
	m.plan.drop = append(m.plan.drop, b)
	return b.Entries(m.project)
}

// put plans blocks for sorted entries. Even parts leave each block room for more
// late entries; otherwise all but the last are full.
func (m *planner) put(entries []*audit.Entry, even bool) error {
	for _, part := range split(entries, m.s.opts.sizes.blockRows, even) {
		*m.seq++
		b, err := newKeyedBlock(m.cursor.project, *m.seq, part)
		if err != nil {
			return err
		}
		m.plan.put = append(m.plan.put, b)
	}
	return nil
}

// newKeyedBlock makes the block of entries. It is read back before anything that
// it replaces goes: a fault of the coding must cost bytes, never an entry.
func newKeyedBlock(p ProjectID, seq uint64, entries []*audit.Entry) (b keyedBlock, err error) {
	b.key = BlockKey{Project: p, Position: entries[0].Position()}
	for _, encode := range []func([]byte, uint64, []*audit.Entry) []byte{block.Append, block.AppendPlain} {
		if b.Block, err = block.Open(encode(nil, seq, entries)); err == nil {
			err = b.Verify(entries)
		}
		if err == nil {
			return b, nil
		}
	}
	return keyedBlock{}, fmt.Errorf("encode %v: %w", b.key, err)
}

// split cuts entries into parts that fit a block of so many rows each.
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
