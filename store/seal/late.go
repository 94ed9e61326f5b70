package seal

import (
	"cmp"
	"slices"

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
	n := blocks.FirstAt(plan.left, plan.rec.Last)
	most := max(z.Direct, directShare*len(plan.left)/z.BlockRows)
	c := blocks.NewCursor(tx, plan.project.ID)
	for i := 0; i < n; most-- {
		if most == 0 {
			return n, nil
		}
		ok, err := c.Reach(plan.left[i].Position())
		if err == nil && ok {
			ok, err = c.Next()
		}
		if err != nil || !ok { // behind which there is none
			return 0, err
		}
		i += max(1, blocks.FirstAt(plan.left[i:n], c.Key.Position))
	}
	return 0, nil
}

// directShare is how many times as many entries as it brings a seal rewrites at most, unless the
// blocks are few.
const directShare = 2

func bySize(a, b format.LateLayer) int { return cmp.Compare(a.Entries, b.Entries) }

// settled returns the layers of late entries that no merge moves, the smallest first.
func settled(rec *format.Project) []format.LateLayer {
	late := slices.DeleteFunc(slices.Clone(rec.Late), func(l format.LateLayer) bool { return rec.Moving(l.Number) })
	slices.SortFunc(late, bySize)
	return late
}

// planLate plans how late entries come into a layer, and returns how many of them do: the smallest
// layer while it does not fill a block, else a new one, or where there are as many as there can be
// the smallest again, but none that is being merged. One that is damaged where they belong is
// passed over.
func (w *Step) planLate(
	tx kv.Tx, spans *blocks.SpanPlanner, plan *projectPlan, entries []*audit.Entry, most blocks.Budget,
) (n int, err error) {
	late := settled(&plan.rec)
	if len(late) == 0 && len(plan.rec.Late) == format.MostLayers {
		late = slices.SortedFunc(slices.Values(plan.rec.Late), bySize)
	}
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
