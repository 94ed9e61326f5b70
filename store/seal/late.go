package seal

import (
	"sort"

	"auditlog/audit"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// late returns how many of the entries that are to be sealed go to a layer of late entries: none
// where the blocks of the first layer that they belong to are few, or few for so many entries,
// else all that come before its newest.
func (w *Step) late(tx kv.Tx, plan *projectPlan) (int, error) {
	if plan.rec.Entries == 0 {
		return 0, nil
	}
	z := w.sealer.Sizes
	n := firstAt(plan.left, plan.rec.Last)
	most := max(z.Direct, directShare*len(plan.left)/z.BlockRows)
	c := blocks.NewCursor(tx, plan.project.ID)
	for i := 0; i < n; most-- {
		if most == 0 {
			return n, nil
		}
		ok, err := c.Seek(plan.left[i].Position())
		if err == nil && !ok {
			ok, err = c.First()
		}
		if err == nil && ok {
			ok, err = c.Next()
		}
		if err != nil || !ok { // behind which there is none
			return 0, err
		}
		i += max(1, firstAt(plan.left[i:n], c.Key.Position))
	}
	return 0, nil
}

// directShare is how many times as many entries as it brings a seal rewrites at most, unless the
// blocks are few.
const directShare = 2

// firstAt returns where in sorted entries those begin that are not before a position.
func firstAt(entries []*audit.Entry, p audit.Position) int {
	return sort.Search(len(entries), func(i int) bool { return entries[i].Position().Compare(p) >= 0 })
}

// lateLayer returns the layer that late entries come into: one that they fill a block of, else a
// new one, or where there are as many as there can be the smallest.
func (p *projectPlan) lateLayer(z *blocks.Sizes) int {
	least := -1
	for i := range p.rec.Late {
		if least < 0 || p.rec.Late[i].Entries < p.rec.Late[least].Entries {
			least = i
		}
	}
	if least < 0 || p.rec.Late[least].Entries >= int64(z.BlockRows/2) {
		if number, l := p.rec.AddLayer(); l != nil {
			return number
		}
	}
	return p.rec.Late[least].Number
}

// crowd is how many layers of late entries a project has at most while some are being merged:
// what it has more in the tail waits, and so does who records more of it.
const crowd = format.MostLayers - 3
