package blocks

import (
	"auditlog/store/block"
	"auditlog/store/block/bits"
)

// Sizes say how large things get. Tests make them small.
type Sizes struct {
	// BlockRows is how many entries a block holds at most.
	BlockRows int
	// IndexableRows and IndexableBytes: a block of so many rows, or so many
	// bytes, is one that followers are told of, as is one whose entries have half
	// of block.MaxBytes. Smaller ones are still growing and are cheaper to look into than to index again and again.
	IndexableRows, IndexableBytes int
	// Many is how many small blocks there must be that are quiet for followers to be told of these
	// as well: a few are soon looked into. 0: they never are.
	Many int
	// Span is how many blocks one key of the spans bucket tells of, 64 at most;
	// Ahead how many there must be beyond them before it is written, because
	// the last few of a project are still growing.
	Span, Ahead int
	// Direct is how many blocks late entries of one seal rewrite in any case, and Layers how many
	// layers of late entries a project keeps before some are merged.
	Direct, Layers int
	// Step is how many late entries one step of a merge moves, about.
	Step int
}

// DefaultSizes returns the sizes that were measured to be good.
func DefaultSizes() Sizes {
	return Sizes{
		BlockRows: bits.MaxRows, IndexableRows: 512, IndexableBytes: 256 << 10, Many: 256, Span: 64, Ahead: 8,
		Direct: 8, Layers: 8, Step: 32 << 10,
	}
}

// Indexable reports whether followers of the blocks are told of b as soon as it is there.
func (z *Sizes) Indexable(b *block.Block) bool {
	return b.Rows() >= z.IndexableRows || z.heavy(b)
}

// growing reports whether b, if nothing is behind it, can take in more.
func (z *Sizes) growing(b *block.Block) bool {
	return b.Rows() < z.BlockRows && !z.heavy(b)
}

// heavy reports whether b has few entries because they are long.
func (z *Sizes) heavy(b *block.Block) bool {
	return b.Size() >= z.IndexableBytes || b.EntryBytes() >= block.MaxBytes/2
}
