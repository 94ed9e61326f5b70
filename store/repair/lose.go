package repair

import (
	"slices"
	"time"

	"auditlog/audit"
	"auditlog/store/format"
)

// losing notes which entries of a project nobody has.
type losing struct {
	b      *builder
	p      *project
	known  *places
	sealed int64 // the newest seq that may be in a block
	gap    *audit.Gap
	run    lostRun
}

// lostRun is seqs that follow each other, up to last, of whose entries nobody knows the ids but that these
// are from low to high. Where no others in between are of entries that nobody has, they are ids.
type lostRun struct {
	last      int64
	low, high int64
	ids       []int64
}

// lose notes that nobody has the entry with a seq, and returns the place that it is said to have:
// its own, if that is known, else that of the one before. behind are the entries behind it that are there.
func (l *losing) lose(seq int64, before format.Place, behind []placed) format.Place {
	if l.gap == nil {
		l.p.rec.Lost = append(l.p.rec.Lost, audit.Gap{Project: l.p.name, Lost: true})
		l.gap = &l.p.rec.Lost[len(l.p.rec.Lost)-1]
	}
	if at, ok := l.known.at(seq); ok && at.ID > before.ID {
		l.is(at.ID, seq)
		from, to := at.Bounds()
		l.gap.Widen(time.UnixMicro(from).UTC(), time.UnixMicro(to).UTC())
		return at
	}
	if seq > l.run.last {
		l.run = l.next(seq, before, behind)
	}
	if r := &l.run; len(r.ids) > 0 {
		before.ID, r.ids = r.ids[0], r.ids[1:]
		l.is(before.ID, seq)
		return before
	}
	l.gap.Add(l.run.low, seq)
	l.gap.LastID = max(l.gap.LastID, l.run.high)
	if seq > l.sealed {
		l.b.unplaced++
	}
	return before
}

// is notes the id of an entry that nobody has.
func (l *losing) is(id, seq int64) {
	l.b.own(id, format.Owner{Project: l.p.rec.ID, Seq: seq})
	l.gap.Add(id, seq)
}

// next returns the run that begins with a seq.
func (l *losing) next(seq int64, before format.Place, behind []placed) lostRun {
	r := lostRun{last: l.p.rec.Seq, low: before.ID + 1, high: l.b.res.LastID}
	if len(behind) > 0 {
		r.last, r.high = behind[0].seq-1, behind[0].at.ID-1
	}
	for s := seq + 1; s <= r.last; s++ {
		if at, ok := l.known.at(s); ok && at.ID > before.ID {
			r.last, r.high = s-1, at.ID-1
			break
		}
	}
	r.high = max(r.high, r.low)
	if seq <= l.sealed {
		return r // it may be of a sealed entry
	}
	for i, _ := slices.BinarySearch(l.b.unread, r.low); i < len(l.b.unread) && l.b.unread[i] <= r.high; i++ {
		if id := l.b.unread[i]; !l.b.owned(id) {
			r.ids = append(r.ids, id)
		}
	}
	if int64(len(r.ids)) != r.last-seq+1 {
		r.ids = nil
	}
	return r
}

// owned reports whether it is known whose an id is.
func (b *builder) owned(id int64) bool { return id < int64(len(b.owners)) && b.owners[id].Project != 0 }

// mostUnread bounds the ids of the tail that are looked through for some that nobody has.
const mostUnread = 1 << 22

// unread returns the ids up to last, behind those that are sealed, of which a source has no entry.
func (r *reading) unread(last int64) (ids []int64) {
	if last-r.sealed > mostUnread {
		return nil // more than any tail has: it is not known what is sealed
	}
	there := make(map[int64]bool)
	for _, entries := range r.tail {
		for _, e := range entries {
			there[e.ID] = true
		}
	}
	for id := r.sealed + 1; id <= last; id++ {
		if !there[id] {
			ids = append(ids, id)
		}
	}
	return ids
}
