package shipping

import (
	"context"
	"fmt"
	"time"

	"auditlog/audit"
	"auditlog/sink"
)

// Letter is an entry that a destination refused for good.
type Letter struct {
	ID     int64
	At     time.Time
	Reason string
}

// Letters returns letters of a sink with ids above after, at most limit of them.
func (e *Engine) Letters(ctx context.Context, name string, after int64, limit int) ([]Letter, error) {
	h, err := e.find(name)
	if err != nil {
		return nil, err
	}
	if err := e.save(ctx, soon); err != nil {
		return nil, err
	}
	rows, err := e.letterRows(h, after, limit)
	if err != nil {
		return nil, err
	}
	letters := make([]Letter, len(rows))
	for i, r := range rows {
		letters[i] = Letter{r.id, r.At, r.Reason}
	}
	return letters, nil
}

// letterRow is a letter with the entry's id.
type letterRow struct {
	letter
	id int64
}

func (e *Engine) letterRows(h *held, after int64, limit int) ([]letterRow, error) {
	p := h.where()
	rows, err := e.log.SinkRows(p.letters(), p.letterKey(max(after, 0)), limit)
	if err != nil {
		return nil, err
	}
	letters := make([]letterRow, len(rows))
	for i, r := range rows {
		if err := decode(r, &letters[i].letter); err != nil {
			return nil, err
		}
		if letters[i].id, err = letterID(r.Key); err != nil {
			return nil, err
		}
	}
	return letters, nil
}

// resendAtOnce is how many letters one step delivers.
const resendAtOnce = 100

// resend delivers the next letters. Those that are refused again stay; those whose entries were
// purged go.
func (r *runner) resend(ctx context.Context, p *place) error {
	if err := r.e.save(ctx, soon); err != nil { // what was refused a moment ago is a letter too
		return err
	}
	rows, err := r.e.letterRows(r.h, p.ResentTo, min(resendAtOnce, r.h.BatchOf()))
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		r.h.resent(0, nil, true)
		r.e.hurry()
		return nil
	}
	last := rows[len(rows)-1].id
	entries, purged, err := r.entriesOf(ctx, rows)
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		r.h.resent(last, purged, false)
		r.e.hurry()
		return nil
	}
	b := &sink.Batch{
		Project: r.h.Project, Entries: entries, Proven: true,
		From: r.h.number(entries[0]), To: r.h.number(entries[len(entries)-1]),
	}
	return r.deliver(ctx, b, func(p *place, taken []*audit.Entry) {
		for _, e := range taken {
			r.h.drop(p.letterKey(e.ID))
		}
		p.Resent += int64(len(taken))
		p.Letters -= int64(len(taken) + len(purged))
		r.h.dropPurged(purged)
		p.ResentTo = last
	})
}

// entriesOf returns the entries of letters, and the ids of those that were purged.
func (r *runner) entriesOf(ctx context.Context, rows []letterRow) (entries []*audit.Entry, purged []int64, err error) {
	for _, row := range rows {
		found, _, err := r.e.log.After(ctx, row.id-1, 1)
		if err != nil {
			return nil, nil, fmt.Errorf("read the log: %w", err)
		}
		if len(found) == 1 && found[0].ID == row.id {
			entries = append(entries, found[0])
		} else {
			purged = append(purged, row.id)
		}
	}
	return entries, purged, nil
}

// resent notes that the letters up to an id were all purged, or that there are no more.
func (h *held) resent(to int64, purged []int64, end bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.place.Letters -= int64(len(purged))
	h.dropPurged(purged)
	h.place.ResentTo = to
	if end {
		h.place.Resending, h.place.ResentTo = false, 0
		h.place.Room = h.place.Letters + letterRoom
	}
	h.changed = soon
}

// dropPurged has letters go whose entries were purged. The caller holds h.mu.
func (h *held) dropPurged(ids []int64) {
	h.place.Purged += int64(len(ids))
	for _, id := range ids {
		h.drop(h.place.letterKey(id))
	}
}
