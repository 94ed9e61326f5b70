package walk

import (
	"errors"
	"fmt"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/store/block"
	"auditlog/store/block/bits"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/found"
	"auditlog/store/kv"
)

// Query is what is looked for, in all projects alike.
type Query struct {
	// Match is asked of entries that are in no block.
	Match func(*audit.Entry) bool
	// Filter is everything but the text, for blocks.
	Filter *block.Filter
	// Text is nil where there is none.
	Text *found.Condition
	// Oldest has the oldest entries come first.
	Oldest bool
	Turn   *admit.Turn
	// Unknown is what an index does not know of the transaction that all are read in.
	Unknown *blocks.Unknown
}

// comes reports whether what is at p comes before what is at o.
func (q *Query) comes(p, o audit.Position) bool { return (p.Compare(o) < 0) == q.Oldest && p != o }

// Stretch is a part of a listing: the positions at or above Low, below High.
type Stretch struct{ Low, High audit.Position }

// After returns what of st comes after p, a position in it.
func (st Stretch) After(p audit.Position, oldest bool) Stretch {
	if oldest {
		st.Low = above(p)
	} else {
		st.High = p
	}
	return st
}

// Through returns what of st comes before p, a position in it, with what is there.
func (st Stretch) Through(p audit.Position, oldest bool) Stretch {
	if oldest {
		st.High = above(p)
	} else {
		st.Low = p
	}
	return st
}

// From is After with what is at p, which may be where st ends, or beyond.
func (st Stretch) From(p audit.Position, oldest bool) Stretch {
	switch {
	case oldest && p.Compare(st.High) >= 0:
		st.Low = st.High
	case oldest:
		st.Low = p
	case p.Compare(st.Low) < 0:
		st.High = st.Low
	case p.Compare(st.High) < 0:
		st.High = above(p)
	}
	return st
}

// above returns the position above p.
func above(p audit.Position) audit.Position { return audit.Position{At: p.At, ID: p.ID + 1} }

// Project is what a transaction sees of a project: of one layer of its blocks, and of its tail.
type Project struct {
	Tx     kv.Tx
	Blocks *blocks.Reader
	Name   string
	// ID is what the layer's blocks stand under.
	ID format.ProjectID
	// Layer is of the transaction, or tells of nothing that the transaction does not see.
	Layer *format.Layer
	// Tail is what is in none of the blocks, oldest first.
	Tail []*audit.Entry
	// Others are what more of the tail there was, which is in blocks.
	Others []*audit.Entry
	// Named are the blocks that an index knows to hold matches; nil means all.
	Named *blocks.Named
}

// Taker takes the matches that are found, each as it is there: as an entry of the tail, or as a
// row of a block, which is the transaction's. A match that it does not take ends the walk.
type Taker interface {
	Add(e *audit.Entry) bool
	AddRow(b *block.Block, row int, project string) (bool, error)
}

// Walker finds what a query selects in one stretch of a layer of a project, or of a tail.
type Walker struct {
	Project
	Stretch
	q *Query

	// at is where the next match is if it is known, which is said by exact. Else there is none
	// that comes before it, and at the end none at all.
	at           audit.Position
	exact, ended bool

	tail []*audit.Entry // what is left of that in the stretch
	// The next match in the blocks is at edge, in a row of block. Without a block there is none
	// in the blocks that comes before edge, and if drained is set none.
	source  blocks.Source
	block   *block.Block
	rows    bits.Rows
	row     int
	edge    audit.Position
	drained bool
	// alone is set where no other walker's matches are merged with these.
	alone bool

	gaps []audit.Gap
}

// New returns a walker.
func New(q *Query, p Project, st Stretch) *Walker {
	w := &Walker{Project: p, Stretch: st, q: q, tail: st.of(p.Tail)}
	first, last := p.Layer.First, p.Layer.Last
	w.drained = p.Layer.Entries == 0 || last.Compare(st.Low) < 0 || first.Compare(st.High) >= 0
	switch {
	case q.Oldest && first.Compare(st.Low) > 0:
		w.edge = first
	case q.Oldest:
		w.edge = st.Low
	case last.Compare(st.High) < 0:
		w.edge = last
	default:
		w.edge = st.High
	}
	w.settle()
	return w
}

// Gaps returns what was missing where the walker has been, because blocks are damaged.
func (w *Walker) Gaps() []audit.Gap { return w.gaps }

// Within returns a walker over the blocks of a part of the stretch, without the tail.
func (w *Walker) Within(st Stretch) *Walker {
	p := w.Project
	p.Tail = nil
	return New(w.q, p, st)
}

// of returns the part of the entries that lies in the stretch.
func (st *Stretch) of(sorted []*audit.Entry) []*audit.Entry {
	return sorted[blocks.FirstAt(sorted, st.Low):blocks.FirstAt(sorted, st.High)]
}

// first returns the entry of the tail that comes first.
func (w *Walker) first() *audit.Entry {
	switch {
	case len(w.tail) == 0:
		return nil
	case w.q.Oldest:
		return w.tail[0]
	}
	return w.tail[len(w.tail)-1]
}

// drop takes the first entry off the tail.
func (w *Walker) drop() {
	if w.q.Oldest {
		w.tail = w.tail[1:]
	} else {
		w.tail = w.tail[:len(w.tail)-1]
	}
}

// settle works out what is known of the next match.
func (w *Walker) settle() {
	e := w.first()
	w.exact = false
	switch {
	case w.drained && e == nil:
		w.ended = true
	case w.drained || e != nil && !w.q.comes(w.edge, e.Position()):
		w.at = e.Position()
	default:
		w.at, w.exact = w.edge, w.block != nil
	}
}

// step brings a walker that has not ended and does not know its next match to it, or closer.
func (w *Walker) step() error {
	for e := w.first(); e != nil && (w.drained || !w.q.comes(w.edge, e.Position())); e = w.first() {
		if err := w.q.Turn.Step(); err != nil {
			return err
		}
		if w.q.Match(e) {
			w.at, w.exact = e.Position(), true
			return nil
		}
		w.drop()
	}
	if !w.drained && w.block == nil {
		if err := w.open(); err != nil {
			return err
		}
	}
	w.settle()
	return nil
}

// give has the next match taken, which must be known, and goes on. ok is false where it is not.
func (w *Walker) give(to Taker) (ok bool, err error) {
	if e := w.first(); e != nil && e.Position() == w.at {
		ok = to.Add(e)
		w.drop()
	} else {
		if ok, err = to.AddRow(w.block, w.row, w.Name); err != nil {
			return false, err
		}
		if err := w.q.Turn.Step(); err != nil {
			return false, err
		}
		w.advance()
	}
	w.settle()
	return ok, nil
}

// advance goes on to the next row of the block, or behind it.
func (w *Walker) advance() {
	if w.q.Oldest {
		w.row = w.rows.Next(w.row + 1)
	} else {
		w.row = w.rows.Prev(w.row - 1)
	}
	if w.row < 0 {
		w.leave(w.block)
		return
	}
	w.compared()
}

// compared has edge be the position of the row that is next, unless there is nothing that it is
// compared with.
func (w *Walker) compared() {
	if !w.alone || len(w.tail) > 0 {
		w.edge = w.block.Position(w.row)
	}
}

// leave goes behind a block, which may be the last one: its last match in the query's order has
// been given.
func (w *Walker) leave(b *block.Block) {
	w.block = nil
	if w.q.Oldest {
		w.edge = above(b.Last())
		w.drained = b.Last().Compare(w.Layer.Last) >= 0 || w.edge.Compare(w.High) >= 0
		return
	}
	w.drained = b.First().Compare(w.Layer.First) <= 0 || b.First().Compare(w.Low) <= 0
	w.edge = b.First()
	w.edge.ID-- // ids are from 1 on
}

// open opens the next block, and goes to its first match or behind it.
func (w *Walker) open() error {
	b, rows, err := w.next()
	if err != nil {
		return err
	}
	switch {
	case b == nil:
		w.drained = true
	case rows.Empty():
		w.leave(b)
	default:
		w.block, w.rows = b, rows
		if w.row = w.rows.Next(0); !w.q.Oldest {
			w.row = w.rows.Prev(b.Rows() - 1)
		}
		w.compared()
	}
	return nil
}

// next returns the next block of the stretch that may hold matches, nil behind the last one, and
// its rows that match. What damage hides it notes, and passes over.
func (w *Walker) next() (*block.Block, bits.Rows, error) {
	for {
		err := w.q.Turn.Look()
		if err == nil && w.source == nil {
			err = w.begin()
		}
		if err != nil {
			return nil, bits.Rows{}, err
		}
		key, value, err := w.source.Next()
		var hidden *kv.Hidden
		if err == nil && value == nil {
			return nil, bits.Rows{}, nil
		}
		if errors.As(err, &hidden) {
			if err := w.pass(hidden); err != nil {
				return nil, bits.Rows{}, err
			}
			continue
		}
		if err != nil {
			return nil, bits.Rows{}, err
		}
		b, rows, err := w.look(key, value)
		if hidden = blocks.Hidden(key, err); hidden == nil {
			return b, rows, err
		}
		if err := w.pass(hidden); err != nil {
			return nil, bits.Rows{}, err
		}
	}
}

// look opens a block, and finds its rows that match; nil where it lies outside the stretch.
func (w *Walker) look(key format.BlockKey, value []byte) (b *block.Block, rows bits.Rows, err error) {
	if b, err = w.Blocks.Open(key, value); err != nil || w.beyond(b) {
		return nil, rows, err
	}
	rows, err = w.match(b)
	if w.q.Text != nil && w.q.Text.Err != nil {
		return nil, rows, w.q.Text.Err
	}
	if err != nil {
		return nil, rows, fmt.Errorf("%v: %w", key, err)
	}
	return b, rows, nil
}

// pass notes what of the stretch is missing because it is hidden.
func (w *Walker) pass(h *kv.Hidden) error {
	gap, low, high, err := w.Blocks.Missing(w.Tx, w.ID, w.Name, h, w.Others)
	if err != nil {
		return err
	}
	if gap.Entries == 0 && !gap.AtLeast || low.Compare(w.High) >= 0 || high.Compare(w.Low) <= 0 {
		return nil
	}
	l := w.Layer // of which nothing lies outside its first and last entry
	if low.At < w.Low.At && l.First.At < w.Low.At || high.At > w.High.At && l.Last.At >= w.High.At {
		gap.AtMost = true // a part of it lies outside the stretch
	}
	w.gaps = append(w.gaps, gap)
	return nil
}

// begin looks up where the blocks of the stretch begin. Where damage keeps from knowing which an
// index could not name, all are looked into.
func (w *Walker) begin() (err error) {
	way := blocks.Way{From: w.High}
	if w.q.Oldest {
		way = blocks.Way{From: w.Low, Oldest: true}
	}
	if w.Named != nil {
		w.source, err = w.q.Unknown.Found(w.ID, &w.Layer.Extent, w.q.Filter, way, w.Named)
		if w.Tx.Pass() == nil && !blocks.IsDamage(err) {
			return err
		}
	}
	w.source = blocks.All(w.Tx, w.ID, &w.Layer.Extent, w.q.Filter, way)
	return nil
}

// beyond reports whether b, and so what comes behind it, lies outside the stretch.
func (w *Walker) beyond(b *block.Block) bool {
	if w.q.Oldest {
		return b.First().Compare(w.High) >= 0
	}
	return b.Last().Compare(w.Low) < 0
}

// match returns the rows of b that lie in the stretch and match.
func (w *Walker) match(b *block.Block) (rows bits.Rows, err error) {
	lo, hi := 0, b.Rows()
	if b.First().Compare(w.Low) < 0 {
		lo = b.Search(w.Low)
	}
	if b.Last().Compare(w.High) >= 0 {
		hi = b.Search(w.High)
	}
	rows = bits.Between(lo, hi)
	if err := w.q.Filter.Match(b, &rows); err != nil || w.q.Text == nil || rows.Empty() {
		return rows, err
	}
	err = b.MatchText(w.q.Text, &rows)
	return rows, err
}

// EachTail calls fn with the entries of the tail that match, until fn fails.
func (w *Walker) EachTail(fn func(*audit.Entry) error) error {
	for _, e := range w.tail {
		if err := w.q.Turn.Step(); err != nil {
			return err
		}
		if !w.q.Match(e) {
			continue
		}
		if err := fn(e); err != nil {
			return err
		}
	}
	return nil
}

// EachBlock calls fn with the blocks that hold matches and the rows of these, until fn fails.
func (w *Walker) EachBlock(fn func(*block.Block, *bits.Rows) error) error {
	if w.drained {
		return nil
	}
	for {
		b, rows, err := w.next()
		if err != nil || b == nil {
			return err
		}
		if rows.Empty() {
			continue
		}
		if err := fn(b, &rows); err != nil {
			return err
		}
	}
}
