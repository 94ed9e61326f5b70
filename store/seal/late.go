package seal

import (
	"cmp"
	"slices"
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

// planLate plans how late entries come into a layer, and returns how many of them do: the smallest
// layer while it does not fill a block, else a new one, or where there are as many as there can be
// the smallest again, but none that is being merged. One that is damaged where they belong is
// passed over.
func (w *Step) planLate(
	tx kv.Tx, spans *blocks.SpanPlanner, plan *projectPlan, entries []*audit.Entry, most blocks.Budget,
) (n int, err error) {
	late := slices.DeleteFunc(slices.Clone(plan.rec.Late), func(l format.LateLayer) bool { return plan.rec.Moving(l.Number) })
	if len(late) == 0 && len(plan.rec.Late) == format.MostLayers {
		late = slices.Clone(plan.rec.Late)
	}
	slices.SortFunc(late, func(a, b format.LateLayer) int { return cmp.Compare(a.Entries, b.Entries) })
	if len(late) == 0 || late[0].Entries >= int64(w.sealer.Sizes.BlockRows/2) {
		if number, l := plan.rec.AddLayer(); l != nil {
			return w.planPart(tx, spans, plan, number, entries, most)
		}
	}
	for i := range late {
		n, err = w.planPart(tx, spans, plan, late[i].Number, entries, most)
		if !blocks.IsDamage(err) && tx.Err() == nil {
			break
		}
		tx.Pass()
	}
	return n, err
}

// crowd is how many layers of late entries a project has at most while some are being merged:
// what it has more in the tail waits, and so does who records more of it.
const crowd = format.MostLayers - 3
