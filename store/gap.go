package store

import (
	"reflect"
	"time"

	"auditlog/audit"
	"auditlog/store/walk"
)

// appendGaps appends what was missing where walkers have been.
func appendGaps(gaps []audit.Gap, walkers []*walk.Walker) []audit.Gap {
	for _, w := range walkers {
		gaps = append(gaps, w.Gaps()...)
	}
	return gaps
}

// lost returns which entries of the query's projects are lost, of those that may lie in a stretch.
func (q *prepared) lost(st walk.Stretch) (gaps []audit.Gap) {
	from, to := time.UnixMicro(st.Low.At), time.UnixMicro(st.High.At)
	q.s.mu.RLock()
	defer q.s.mu.RUnlock()
	q.s.each(&q.query, func(p *project) {
		for _, g := range p.rec.Lost {
			if g.From.IsZero() || g.From.Compare(to) <= 0 && g.To.After(from) {
				gaps = append(gaps, g)
			}
		}
	})
	return gaps
}

// addGaps adds those that are not told yet: a part of a listing begins where the one before
// ended, which may be before a gap that this has come to as well.
func addGaps(gaps, more []audit.Gap) []audit.Gap {
	for _, g := range more {
		if n := len(gaps); n == 0 || !reflect.DeepEqual(gaps[n-1], g) {
			gaps = append(gaps, g)
		}
	}
	return gaps
}
