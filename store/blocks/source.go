package blocks

import (
	"math"
	"math/bits"
	"slices"

	"auditlog/audit"
	"auditlog/store/block"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// A Source gives the blocks that may hold matches, in the order of its Way; a nil value
// ends them. An error that is a *kv.Hidden tells of blocks that cannot be read: the next call goes
// on behind these.
type Source interface {
	Next() (format.BlockKey, []byte, error)
}

// Way is from where on a Source gives blocks, and in which order: newest first those that begin
// below From, or oldest first those that can have an entry at From or later.
type Way struct {
	From   audit.Position
	Oldest bool
}

// spanned knows what the secondary index says of blocks: which hold none of the values that
// a filter asks for.
type spanned struct {
	tx      kv.Tx
	project format.ProjectID
	want    []block.FieldHashes
	oldest  bool             // which way blocks are given
	bare    audit.Position   // from there on up to the last block no span tells of any
	span    *format.SpanView // the one that was looked up last
	set     uint64           // its blocks that hold all values
}

// newSpanned returns what is known of a project's blocks. have is how far its spans reach, at
// least.
func newSpanned(tx kv.Tx, p format.ProjectID, have *format.Extent, f *block.Filter, way Way) spanned {
	a := spanned{tx: tx, project: p, oldest: way.Oldest, bare: have.Spanned}
	if a.bare == (audit.Position{}) {
		a.bare.At = math.MinInt64 // there is none
	}
	for _, fh := range f.Values() {
		if slices.Contains(format.SpanFields(), fh.Field) {
			a.want = append(a.want, fh)
		}
	}
	return a
}

// allBlocks gives the blocks of a project, but for those that the secondary index rules out.
type allBlocks struct {
	spanned
	c       *Cursor
	from    audit.Position
	started bool
	hidden  *kv.Hidden // to go on behind
}

// All returns the blocks of a project on a way that may hold what a filter selects. have is
// how far the project's spans reach, at least.
func All(tx kv.Tx, p format.ProjectID, have *format.Extent, f *block.Filter, way Way) Source {
	return &allBlocks{spanned: newSpanned(tx, p, have, f, way), c: NewCursor(tx, p), from: way.From}
}

func (a *allBlocks) Next() (format.BlockKey, []byte, error) {
	ok, err := a.move()
	for ok && err == nil {
		var on audit.Position
		if on, err = a.skip(a.c.Key.Position); err != nil {
			break
		}
		switch {
		case on == (audit.Position{}):
			return a.c.Key, a.c.Value, nil
		case a.oldest:
			ok, err = a.c.From(on)
		default:
			ok, err = a.c.Before(on)
		}
	}
	if err == nil && a.tx.Err() != nil {
		if a.hidden = a.tx.Pass(); a.hidden != nil {
			err = a.hidden
		}
	}
	return format.BlockKey{}, nil, err
}

// move moves to the next block, whatever is known of it.
func (a *allBlocks) move() (ok bool, err error) {
	switch {
	case a.hidden != nil:
		h := a.hidden
		a.hidden = nil
		return a.c.Past(h, !a.oldest)
	case !a.started:
		a.started = true
		if a.oldest {
			return a.c.Reach(a.from)
		}
		return a.c.Seek(a.from)
	case a.oldest:
		return a.c.Next()
	}
	return a.c.Prev()
}

// skip returns where to go on, or zero when the block that begins at p has to be looked into:
// below that position or, oldest first, from it on.
func (a *spanned) skip(p audit.Position) (audit.Position, error) {
	if len(a.want) == 0 || p.Compare(a.bare) >= 0 {
		return audit.Position{}, nil
	}
	if !a.tells(p) {
		if err := a.load(p); err != nil || a.span == nil {
			return audit.Position{}, err
		}
	}
	n := a.span.Number(p)
	if a.set>>n&1 != 0 {
		return audit.Position{}, nil
	}
	if a.oldest {
		return a.above(n), nil
	}
	lower := a.set & (1<<n - 1)
	if lower == 0 {
		return a.span.Start(0), nil
	}
	return a.span.Start(bits.Len64(lower)), nil
}

// tells reports whether the span that was looked up last tells of a block beginning at p.
func (a *spanned) tells(p audit.Position) bool {
	switch {
	case a.span == nil:
		return false
	case a.oldest:
		return p.Compare(a.span.End) < 0
	}
	return p.Compare(a.span.Start(0)) >= 0
}

// above returns where, behind the blocks with number n, the next one begins that has all values,
// or where the span ends.
func (a *spanned) above(n int) audit.Position {
	higher := a.set &^ (1<<(n+1) - 1)
	if i := bits.TrailingZeros64(higher); i < a.span.Size() {
		return a.span.Start(i)
	}
	return a.span.End
}

// load looks up the span that tells of a block beginning at p. When there is none,
// it says from where on that is so, for the way down. Spans that are damaged rule nothing out.
func (a *spanned) load(p audit.Position) error {
	a.span, a.set = nil, ^uint64(0)
	for _, w := range a.want {
		_, v, err := spanBefore(a.tx, a.project, w.Field, p)
		if a.tx.Pass() != nil || IsDamage(err) {
			a.want, a.span = nil, nil
			return nil
		}
		switch {
		case err != nil:
			return err
		case (v == nil || p.Compare(v.End) >= 0) && a.oldest: // there may be spans further up
		case v == nil:
			a.bare = audit.Position{At: math.MinInt64}
		case p.Compare(v.End) >= 0:
			a.bare = v.End
		default:
			a.span = v
			a.set &= v.Blocks(w.Hashes)
			continue
		}
		a.span = nil
		return nil
	}
	return nil
}
