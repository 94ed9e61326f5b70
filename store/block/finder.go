package block

import "slices"

// Finder finds rows of a block by id, many of them: it has read all ids at once, where
// Block.FindID reads some for each.
type Finder struct {
	ids  []int64  // rising
	rows []uint16 // of the ids; nil where each is in the row of its place
}

// Finder returns one of the block.
func (b *Block) Finder() *Finder {
	f := &Finder{ids: b.columns.Ints(&b.numbers.ids, nil)}
	if b.numbers.mode == numbersRising {
		return f
	}
	f.rows = make([]uint16, b.rows)
	for i := range f.rows {
		f.rows[i] = uint16(b.rows) // of a block that is damaged, some stay so
	}
	for row, rank := range b.columns.Ints(&b.numbers.ranks, nil) {
		if rank >= 0 && rank < int64(b.rows) { // see Block.rank
			f.rows[rank] = uint16(row)
		}
	}
	return f
}

// Find returns the row of the entry with the given id.
func (f *Finder) Find(id int64) (row int, ok bool) {
	rank, ok := slices.BinarySearch(f.ids, id)
	if !ok || f.rows == nil {
		return rank, ok
	}
	row = int(f.rows[rank])
	return row, row < len(f.rows)
}
