package block

import (
	"sync"

	"auditlog/audit"
)

// gathered is what entries have, by columns. One pass over the entries, which lie anywhere in memory,
// gathers it. What is then done a column at a time reads what lies together.
type gathered struct {
	entries           []*audit.Entry
	created, recorded []int64 // in microseconds
	ids, seqs         []int64
	texts             [columnCount][]string // of the columns of strings
	names             [columnCount]int      // how many there are in all, of the columns of lists
	size              int                   // of all entries before they are packed
	made              []byte                // a block
}

var gatherings = sync.Pool{New: func() any { return new(gathered) }}

// gather returns what entries have. It must be handed back by release.
func gather(entries []*audit.Entry) *gathered {
	g := gatherings.Get().(*gathered)
	g.entries, g.size, g.names = entries, 0, [columnCount]int{}
	created, recorded, ids, seqs := g.created[:0], g.recorded[:0], g.ids[:0], g.seqs[:0]
	for col := range g.texts {
		g.texts[col] = g.texts[col][:0]
	}
	for _, e := range entries {
		created = append(created, e.CreatedAt.UnixMicro())
		recorded = append(recorded, e.RecordedAt.UnixMicro())
		ids, seqs = append(ids, e.ID), append(seqs, e.Seq)
		for col := range parts {
			if p := &parts[col]; p.list == nil {
				g.texts[col] = append(g.texts[col], *p.of.Of(e))
			} else {
				g.names[col] += p.list.count(e)
			}
		}
		g.size += SizeOf(e)
	}
	g.created, g.recorded, g.ids, g.seqs = created, recorded, ids, seqs
	return g
}

// release hands g back, which must not keep the entries alive.
func (g *gathered) release() {
	g.entries = nil
	for col := range g.texts {
		clear(g.texts[col])
	}
	gatherings.Put(g)
}
