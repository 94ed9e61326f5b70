package store

import (
	"context"

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
	w := &puller{q: q, page: found.NewPage(ctx, p.Limit, p.Bytes), at: max(p.After, 0)}
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
}

func (w *puller) run(ctx context.Context, limit int) error {
	for looked := 0; looked < pullMost && len(w.page.Entries) < limit && !w.full; {
		// Before the entries are read, so that none of those that are not there then comes later.
		w.part.Newest = w.q.s.LastSeq(w.q.query.Project)
		chunk := pullChunk
		if w.q.selectsAll() {
			chunk = limit - len(w.page.Entries)
		}
		entries, err := w.q.s.AfterSeq(ctx, w.q.query.Project, w.at, chunk)
		if err != nil {
			return err
		}
		looked += len(entries)
		if err := admit.Work(ctx, func(ctx context.Context) error { return w.look(ctx, entries) }); err != nil {
			return err
		}
		if len(entries) == 0 {
			w.purged(w.part.Newest)
			return nil
		}
	}
	return nil
}

// look takes in the next entries, as many as there is room for.
func (w *puller) look(ctx context.Context, entries []*audit.Entry) error {
	turn := admit.TurnOf(ctx)
	for _, e := range entries {
		if err := turn.Step(); err != nil {
			return err
		}
		if !w.add(e, e.Seq) {
			break
		}
	}
	return w.page.Err
}

// add takes in the next entry, unless there is no room for it.
func (w *puller) add(e *audit.Entry, number int64) bool {
	selected := w.q.matches(e)
	if selected && !w.page.Add(e) {
		w.full = true
		return false
	}
	w.purged(number - 1)
	if !selected {
		w.part.Skipped = audit.AppendRange(w.part.Skipped, audit.Range{From: number, To: number})
	}
	w.at = number
	return true
}

// purged takes in that nothing is left of what comes next, up to a number.
func (w *puller) purged(through int64) {
	if through > w.at {
		w.part.Purged = audit.AppendRange(w.part.Purged, audit.Range{From: w.at + 1, To: through})
		w.at = through
	}
}

// selectsAll reports whether q selects every entry of its project.
func (q *prepared) selectsAll() bool {
	return len(q.query.Is) == 0 && len(q.query.Not) == 0 && q.text == nil && q.query.From.IsZero() && q.query.To.IsZero()
}
