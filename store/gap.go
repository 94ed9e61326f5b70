package store

import (
	"reflect"
	"time"

	"auditlog/audit"
	"auditlog/store/kv"
)

// pass notes what of the stretch is missing because it is hidden by damage.
func (w *walker) pass(h *kv.Hidden) error {
	rec, err := readProject(w.tx, w.project.name)
	if err != nil {
		return err
	}
	if err := w.tx.Err(); err != nil {
		return err
	}
	if rec == nil || rec.ID != w.project.id {
		return nil // it was purged meanwhile
	}
	var also []*audit.Entry // which the seqs do not tell of yet
	for _, e := range w.sealed {
		if e.Seq > rec.Seq && rec.Sealed(e.Seq, e.Position()) {
			also = append(also, e)
		}
	}
	gap, bounds, err := w.s.blocks.Missing(w.tx, rec, w.project.name, h, also)
	if err != nil {
		return err
	}
	if gap.Entries == 0 && !gap.AtLeast || bounds[0].Compare(w.high) >= 0 || bounds[1].Compare(w.low) <= 0 {
		return nil
	}
	w.gaps = append(w.gaps, gap)
	return nil
}

// lost returns which entries of the query's project are lost, of those that may lie in a stretch.
func (q *prepared) lost(st stretch) (gaps []audit.Gap) {
	q.s.mu.RLock()
	defer q.s.mu.RUnlock()
	p := q.s.projects[q.query.Project]
	if !p.visible() {
		return nil
	}
	from, to := time.UnixMicro(st.low.At), time.UnixMicro(st.high.At)
	for _, g := range p.rec.Lost {
		if g.From.IsZero() || g.From.Compare(to) <= 0 && g.To.After(from) {
			gaps = append(gaps, g)
		}
	}
	return gaps
}

// addGaps adds those that are not told yet: a part of a listing begins where the one before
// ended, which may be above a gap that this has come to as well.
func addGaps(gaps, more []audit.Gap) []audit.Gap {
	for _, g := range more {
		if n := len(gaps); n == 0 || !reflect.DeepEqual(gaps[n-1], g) {
			gaps = append(gaps, g)
		}
	}
	return gaps
}
