package blocks

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"slices"
	"time"

	"auditlog/audit"
	"auditlog/fulltext"
	"auditlog/store/block"
	"auditlog/store/block/bits"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// Hidden returns what a block hides that is damaged itself, or nil if that is not why
// reading it failed.
func Hidden(key format.BlockKey, err error) *kv.Hidden {
	if !IsDamage(err) {
		return nil
	}
	from := key.Append(nil)
	return &kv.Hidden{Bucket: format.Blocks, From: from, To: append(bytes.Clone(from), 0), Err: err}
}

// IsDamage reports whether an error says that what is in the database is damaged.
func IsDamage(err error) bool {
	return errors.Is(err, format.ErrCorrupt) || errors.Is(err, bits.ErrCorrupt) || errors.Is(err, kv.ErrDamaged)
}

// beginningsOf returns between which positions the blocks of a project begin that are hidden, of which
// there are none where the two are equal.
func beginningsOf(h *kv.Hidden, p format.ProjectID) (low, high audit.Position) {
	low, high = positionOf(h.From, p), most
	if h.To != nil {
		high = positionOf(h.To, p)
	}
	return low, high
}

// positionOf returns the least position of a project's blocks that are at or behind a key;
// a nil key is before all, and what is behind the project's comes at its end.
func positionOf(key []byte, p format.ProjectID) audit.Position {
	switch {
	case len(key) < 4 || binary.BigEndian.Uint32(key) < uint32(p):
		return least
	case binary.BigEndian.Uint32(key) > uint32(p):
		return most
	case len(key) < fulltext.BlockKeySize:
		return least
	}
	at := fulltext.PositionAt(key)
	if len(key) > fulltext.BlockKeySize {
		at.ID++ // what is behind a key
	}
	return at
}

var (
	least = audit.Position{At: math.MinInt64, ID: math.MinInt64}
	most  = audit.Position{At: math.MaxInt64, ID: math.MaxInt64}
)

// Missing tells which sealed entries of a project are in blocks of one of its layers that damage
// hides, and between which positions they can be. Beside those that its record and its seqs tell of
// there may be others: entries of a seal that is half done. Nothing is missing where the gap has no
// entries and is not AtLeast.
//
// The seqs say which entries there are, and about when they were created. What was created close
// to where the hidden blocks begin or end is looked for in those beside them, and all of it in the
// other layers.
func (r *Reader) Missing(tx kv.Tx, id format.ProjectID, name string, h *kv.Hidden, others []*audit.Entry) (gap audit.Gap, low, high audit.Position, err error) {
	m := &missing{r: r, tx: tx, id: id, gap: audit.Gap{Project: name, AtMost: h.AtMost}}
	m.low, m.high = beginningsOf(h, id)
	if m.low == m.high {
		return m.gap, m.low, m.high, nil
	}
	v := tx.Bucket(format.Projects).Get([]byte(name))
	if v == nil {
		return m.gap, m.low, m.high, tx.Err() // it was purged meanwhile
	}
	if m.rec, err = format.ParseProject([]byte(name), v); err != nil || m.rec.ID != format.ProjectOf(id) {
		return m.gap, m.low, m.high, err
	}
	m.beside(h)
	if err := m.candidates(); err != nil {
		return m.gap, m.low, m.high, err
	}
	for _, e := range others {
		if e.Seq > m.rec.Seq && m.rec.Sealed(e.Seq, e.Position()) {
			m.addAt(e.Position(), candidate{format.PlaceOf(e), e.Seq})
		}
	}
	m.sift(h)
	m.otherLayers()
	m.tell()
	return m.gap, m.low, m.high, nil
}

// candidate is an entry that may be missing.
type candidate struct {
	format.Place
	seq int64
}

// missing finds out what is between two positions and cannot be read.
type missing struct {
	r         *Reader
	tx        kv.Tx
	id        format.ProjectID // of the layer
	rec       *format.Project
	low, high audit.Position
	before    int64 // when the newest entry of the block before low was created
	gap       audit.Gap
	// sure are those that can be nowhere else, unsure by id those that may be in a block beside.
	sure   []candidate
	unsure map[int64]candidate
}

// beside moves the upper end to where the next block begins that can be read, or cannot either. The
// lower one stays, though the block before may reach behind it: a key that turned may have become less.
func (m *missing) beside(h *kv.Hidden) {
	c := NewCursor(m.tx, m.id)
	m.before = m.low.At
	if ok, err := c.Past(h, true); ok && err == nil {
		last, _, _ := block.Bounds(c.Value)
		m.before = max(m.before, last)
	}
	m.tx.Pass()
	ok, err := c.Past(h, false)
	next := m.tx.Pass()
	switch {
	case next != nil:
		m.high, _ = beginningsOf(next, m.id)
	case err == nil && ok:
		m.high = c.Key.Position
	case err == nil:
		m.high = most
	}
	if m.high.Compare(m.low) <= 0 {
		m.high = most
	}
}

// candidates reads the seqs, and keeps those of entries that may have been created between the
// two positions.
func (m *missing) candidates() error {
	m.unsure = make(map[int64]candidate)
	for _, k := range m.rec.Kept {
		if k.Seq < m.rec.Base && !m.rec.IsLost(k.Seq) {
			m.addAt(audit.Position{At: k.At, ID: k.ID}, candidate{k.Place(), k.Seq})
		}
	}
	bucket, prefix := m.tx.Bucket(format.Seqs), format.ProjectPrefix(m.rec.ID)
	if h := m.tx.Pass(); h != nil {
		m.gap.AtLeast = true
		return nil
	}
	c := bucket.Cursor()
	known := int64(0)
	k, v := c.Seek(prefix)
	for {
		if k == nil {
			h := m.tx.Pass()
			if h == nil {
				break
			}
			m.gap.AtLeast = true
			k, v = c.Past(h, false)
			continue
		}
		if !bytes.HasPrefix(k, prefix) {
			break
		}
		places, err := format.DecodePlaces(k, v)
		if err != nil || len(k) != len(format.SeqKey(0, 0)) {
			m.gap.AtLeast = true
		} else {
			known += int64(len(places))
			m.add(int64(binary.BigEndian.Uint64(k[4:]))*format.SeqRow+m.rec.Base, places)
		}
		k, v = c.Next()
	}
	if known < m.rec.Seq-m.rec.Base+1 {
		m.gap.AtLeast = true
	}
	return m.tx.Err()
}

// add keeps those of a run of seqs that may be missing.
func (m *missing) add(first int64, places []format.Place) {
	for i, p := range places {
		c := candidate{p, first + int64(i)}
		switch from, to := p.Bounds(); {
		case to <= m.low.At || from > m.high.At || m.rec.IsLost(c.seq):
		case from > m.before && to <= m.high.At:
			m.sure = append(m.sure, c)
		default:
			m.unsure[p.ID] = c
		}
	}
}

// addAt keeps an entry of which it is known where it is, if that may be hidden.
func (m *missing) addAt(p audit.Position, c candidate) {
	switch {
	case p.Compare(m.low) < 0 || p.Compare(m.high) >= 0:
	case p.At > m.before:
		m.sure = append(m.sure, c)
	default:
		m.unsure[p.ID] = c
	}
}

// sift drops those that are in blocks beside what is hidden.
func (m *missing) sift(h *kv.Hidden) {
	var from, to int64 = math.MaxInt64, math.MinInt64
	for _, c := range m.unsure {
		a, b := c.Bounds()
		from, to = min(from, a), max(to, b)
	}
	for _, back := range []bool{true, false} {
		c := NewCursor(m.tx, m.id)
		ok, err := c.Past(h, back)
		for ok && err == nil && len(m.unsure) > 0 {
			last, minID, maxID := block.Bounds(c.Value)
			if back && last < from || !back && c.Key.At > to {
				break
			}
			m.found(c, minID, maxID)
			if back {
				ok, err = c.Prev()
			} else {
				ok, err = c.Next()
			}
		}
		m.tx.Pass() // what lies behind further damage stays missing
	}
	for _, c := range m.unsure {
		m.sure = append(m.sure, c)
	}
}

// otherLayers drops those that are in blocks of the project's other layers. Where these are damaged
// too, nobody knows in which of them an entry was.
func (m *missing) otherLayers() {
	if len(m.rec.Late) == 0 || len(m.sure) == 0 {
		return
	}
	left := make(map[int64]candidate, len(m.sure))
	for _, c := range m.sure {
		left[c.ID] = c
	}
	for _, id := range layersOf(m.rec) {
		if id != m.id {
			m.inLayer(id, left)
		}
	}
	m.sure = slices.Collect(maps.Values(left))
}

// inLayer drops those that are in blocks of a layer.
func (m *missing) inLayer(id format.ProjectID, left map[int64]candidate) {
	c := NewCursor(m.tx, id)
	ok, err := c.Reach(m.low)
	for {
		for h := m.tx.Pass(); h != nil; h = m.tx.Pass() {
			m.gap.AtMost = true
			ok, err = c.Past(h, false)
		}
		if !ok || err != nil || c.Key.Compare(m.high) >= 0 {
			return
		}
		if b, failed := m.r.Open(c.Key, c.Value); failed != nil {
			m.gap.AtMost = true
		} else {
			for _, id := range b.IDs(nil) {
				delete(left, id)
			}
		}
		ok, err = c.Next()
	}
}

// found drops those that are in the block at a cursor.
func (m *missing) found(c *Cursor, minID, maxID int64) {
	var b *block.Block
	for id := range m.unsure {
		if id < minID || id > maxID {
			continue
		}
		if b == nil {
			var err error
			if b, err = m.r.Open(c.Key, c.Value); err != nil {
				return
			}
		}
		if _, ok := b.FindID(id); ok {
			delete(m.unsure, id)
		}
	}
}

// tell names what is missing.
func (m *missing) tell() {
	slices.SortFunc(m.sure, func(a, b candidate) int { return int(a.seq - b.seq) })
	for _, c := range m.sure {
		from, to := c.Bounds()
		if m.high != most {
			to = min(to, m.high.At+1) // what has its time may be before it
		}
		m.gap.Add(c.ID, c.seq)
		m.gap.Widen(time.UnixMicro(max(from, m.low.At)).UTC(), time.UnixMicro(to).UTC())
	}
}
