package block

import (
	"cmp"
	"slices"
	"sort"
	"sync"

	"auditlog/store/block/bits"
	"auditlog/store/block/column"
)

// How ids and seqs are packed.
const (
	numbersRising = iota // in the order of the rows, in which both rise
	numbersRanked        // in the order of the ids, and for each row its rank in that
	numbersCount
)

// numbers are the columns of what the log gives each entry: its id and, in the same
// order, its seq. Where entries came in another order than they happened in, each row has
// a rank besides, which tells the id and the seq at once.
type numbers struct {
	mode      uint8
	ranks     bits.Ints // ranked only
	ids, seqs bits.Ints
}

func scanNumbers(p *column.Parser, n int) (x numbers) {
	x.mode = p.Byte()
	if x.mode >= numbersCount {
		p.Fail("numbers of mode %d", x.mode)
	}
	if x.mode == numbersRanked {
		x.ranks = p.Ints(n)
	}
	x.ids = p.Ints(n)
	x.seqs = p.Ints(n)
	return x
}

// rank returns where a row's id and seq lie.
func (b *Block) rank(row int) int {
	if b.numbers.mode == numbersRising {
		return row
	}
	if r := b.columns.Int(&b.numbers.ranks, row); r >= 0 && r < int64(b.rows) {
		return int(r)
	}
	return 0 // of a block that is damaged, which Open need not notice
}

// ID returns row's id.
func (b *Block) ID(row int) int64 { return b.columns.Int(&b.numbers.ids, b.rank(row)) }

// EntrySeq returns row's seq: the place of its entry within the project.
func (b *Block) EntrySeq(row int) int64 { return b.columns.Int(&b.numbers.seqs, b.rank(row)) }

// FindID returns the row of the entry with the given id.
func (b *Block) FindID(id int64) (row int, ok bool) {
	if id < b.minID || id > b.maxID {
		return 0, false
	}
	rank := sort.Search(b.rows, func(i int) bool { return b.columns.Int(&b.numbers.ids, i) >= id })
	if rank == b.rows || b.columns.Int(&b.numbers.ids, rank) != id {
		return 0, false
	}
	if b.numbers.mode == numbersRising {
		return rank, true
	}
	for row := range b.rows {
		if b.rank(row) == rank {
			return row, true
		}
	}
	return 0, false
}

// IDs appends the rows' ids to dst.
func (b *Block) IDs(dst []int64) []int64 {
	ids := b.columns.Ints(&b.numbers.ids, nil)
	if b.numbers.mode == numbersRising {
		return append(dst, ids...)
	}
	for row := range b.rows {
		dst = append(dst, ids[b.rank(row)])
	}
	return dst
}

// stamps are the integers of all rows. Those of ids and seqs are in the order of the ids.
type stamps struct {
	created, ranks, ids, seqs, recorded []int64

	steps []int64 // see allRecorded
}

var stampses = sync.Pool{New: func() any { return new(stamps) }}

// stamps returns those of all rows, which is several times as fast as row by row. It must
// be handed back to stampses.
func (b *Block) stamps() *stamps {
	w := stampses.Get().(*stamps)
	w.created = b.columns.Ints(&b.created, w.created[:0])
	w.ids = b.columns.Ints(&b.numbers.ids, w.ids[:0])
	w.seqs = b.columns.Ints(&b.numbers.seqs, w.seqs[:0])
	w.ranks = w.ranks[:0]
	if b.numbers.mode == numbersRanked {
		w.ranks = b.columns.Ints(&b.numbers.ranks, w.ranks)
	}
	b.allRecorded(w)
	return w
}

// rank returns where a row's id and seq lie.
func (w *stamps) rank(row int) int {
	if len(w.ranks) == 0 {
		return row
	}
	if r := w.ranks[row]; r >= 0 && r < int64(len(w.ids)) {
		return int(r)
	}
	return 0 // see Block.rank
}

// appendNumbers appends the ids and seqs of the rows, whose order by id is known.
func (e *encoder) appendNumbers(ids, seqs []int64, order []uint16) {
	if slices.IsSorted(ids) {
		e.Byte(numbersRising)
		e.Ints(ids)
		e.Ints(seqs)
		return
	}
	e.Byte(numbersRanked)
	ranks := append(e.sorted[:0], ids...)
	for rank, row := range order {
		ranks[row] = int64(rank)
	}
	e.Ints(ranks)
	e.sorted = ranks
	for _, list := range [][]int64{ids, seqs} {
		sorted := e.sorted[:0]
		for _, row := range order {
			sorted = append(sorted, list[row])
		}
		e.Ints(sorted)
		e.sorted = sorted
	}
}

// byID returns the rows in the order of their ids.
func (e *encoder) byID(ids []int64) []uint16 {
	order := e.order[:0]
	for i := range ids {
		order = append(order, uint16(i))
	}
	e.order = order
	if !slices.IsSorted(ids) {
		slices.SortFunc(order, func(a, b uint16) int { return cmp.Compare(ids[a], ids[b]) })
	}
	return order
}
