package read

import (
	"cmp"
	"context"
	"slices"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/store/found"
)

const (
	// pullChunk is how many entries are read at once to be looked at, pullBytes about how much
	// memory they take meanwhile.
	pullChunk = 1000
	pullBytes = 1 << 20
	// pullMost is how many entries one part looks at, about: where few are selected, it ends
	// before it has found as many as it may give.
	pullMost = 50_000
)

// Pull returns the next part of the log in commit order: see audit.Selection.
func (q *prepared) Pull(ctx context.Context, p audit.Pulling) (audit.Part, error) {
	if p.Limit == 0 {
		p.Limit = audit.DefaultLimit
	}
	if p.Limit < 0 || p.Limit > audit.MaxLimit {
		return audit.Part{}, audit.FieldErrorf("limit", "must be from 1 to %d", audit.MaxLimit)
	}
	if err := admit.Take(ctx, pullBytes); err != nil {
		return audit.Part{}, err
	}
	defer admit.Give(ctx, pullBytes)
	w := &puller{q: q, page: found.NewPage(ctx, found.Kept, p.Limit, p.Bytes), at: max(p.After, 0)}
	w.part.Covered.From = w.at + 1
	err := w.run(ctx, p.Limit)
	if err != nil {
		w.page.Release()
		return audit.Part{}, err
	}
	w.part.Entries, w.part.Covered.To = w.page.Entries, w.at
	return w.part, nil
}

// puller makes a part.
type puller struct {
	q    *prepared
	page *found.Page
	part audit.Part
	at   int64 // up to where the part covers
	full bool  // the page has no room for the entry behind at
	// apart are numbers behind at, in what is looked at, that have no entry to be looked at.
	apart []apart
}

func (w *puller) run(ctx context.Context, limit int) error {
	for looked := 0; looked < pullMost && len(w.page.Entries) < limit && !w.full; {
		chunk := pullChunk
		if w.q.selectsAll() {
			chunk = limit - len(w.page.Entries)
		}
		before := w.at
		st, err := w.read(ctx, chunk)
		if err != nil {
			return err
		}
		looked += len(st.entries) + st.holes.Len()
		w.apart = w.partsOf(&st)
		if err := admit.Work(ctx, func(ctx context.Context) error { return w.look(ctx, st.entries) }); err != nil {
			return err
		}
		if !w.full {
			w.pass(st.through)
		}
		if w.at == before || len(st.entries) == 0 && w.at >= w.part.Newest {
			return nil
		}
	}
	return nil
}

// read returns what is behind w.at.
func (w *puller) read(ctx context.Context, limit int) (stretch, error) {
	s, q := w.q.s, &w.q.query
	// What is newest comes first: none of what is then not there can come later.
	if q.Project == "" {
		w.part.Newest = s.LastID()
		return s.after(ctx, w.at, limit, q.Within)
	}
	w.part.Newest = s.LastSeq(q.Project)
	st, err := s.behindSeq(ctx, q.Project, w.at, limit)
	st.through = max(st.through, w.at) // a project that is not there has none
	return st, err
}

// look takes in the next entries, as many as there is room for.
func (w *puller) look(ctx context.Context, entries []*audit.Entry) error {
	turn := admit.TurnOf(ctx)
	for _, e := range entries {
		if err := turn.Step(); err != nil {
			return err
		}
		if !w.add(e) {
			break
		}
	}
	return w.page.Err
}

// add takes in the next entry, unless there is no room for it.
func (w *puller) add(e *audit.Entry) bool {
	number := e.Seq
	if w.q.query.Project == "" {
		number = e.ID
	}
	selected := w.q.matches(e)
	if selected && !w.page.Add(e) {
		w.full = true
		return false
	}
	w.pass(number - 1)
	if !selected {
		w.part.Skipped = audit.AppendRange(w.part.Skipped, audit.Range{From: number, To: number})
	}
	w.at = number
	return true
}

// apart is a range of numbers, and which ranges of the part it belongs to.
type apart struct {
	audit.Range
	of *[]audit.Range
}

// partsOf returns the ranges of a stretch in their order.
func (w *puller) partsOf(st *stretch) (all []apart) {
	for _, list := range []struct{ ranges, of *[]audit.Range }{
		{&st.elsewhere, &w.part.Skipped}, {&st.holes.Damaged, &w.part.Damaged}, {&st.holes.Lost, &w.part.Lost},
	} {
		for _, r := range *list.ranges {
			all = append(all, apart{r, list.of})
		}
	}
	slices.SortFunc(all, func(a, b apart) int { return cmp.Compare(a.From, b.From) })
	return all
}

// pass takes in that there is no entry to look at up to a number: it is apart, or nothing
// is left of it. Where some projects alone may be read, it is not told which, for nobody knows
// any more whose those were.
func (w *puller) pass(through int64) {
	gone := &w.part.Purged
	if _, all := w.q.query.Within.Names(); w.q.query.Project == "" && !all {
		gone = &w.part.Skipped
	}
	for w.at < through {
		next := apart{audit.Range{From: w.at + 1, To: through}, gone}
		if len(w.apart) > 0 && w.apart[0].From == next.From {
			next, w.apart = w.apart[0], w.apart[1:]
		} else if len(w.apart) > 0 {
			next.To = min(through, w.apart[0].From-1)
		}
		*next.of = audit.AppendRange(*next.of, next.Range)
		w.at = next.To
	}
}

// selectsAll reports whether q selects every entry of the projects that it looks into.
func (q *prepared) selectsAll() bool {
	return len(q.query.Is) == 0 && len(q.query.Not) == 0 && q.text == nil && q.query.From.IsZero() && q.query.To.IsZero()
}
