package shipping

import (
	"context"
	"fmt"
	"sort"
	"time"

	"auditlog/audit"
)

// resolve returns the number behind which a sink begins.
func (e *Engine) resolve(ctx context.Context, s *Sink, from Start) (at int64, err error) {
	newest := e.newest(s.Project)
	switch {
	case from.First:
		return 0, nil
	case from.Seq != 0 && s.Project == "":
		return 0, audit.FieldErrorf("from.seq", "is of one project, and this sink ships those of all: give an id")
	case from.Seq < 0 || from.Seq > newest+1 && from.Seq != 0:
		return 0, audit.FieldErrorf("from.seq", "must be from 1 to %d, which is the next of project %q", newest+1, s.Project)
	case from.Seq != 0:
		return from.Seq - 1, nil
	case from.ID < 0 || from.ID > e.log.LastID()+1:
		return 0, audit.FieldErrorf("from.id", "must be from 1 to %d, which is the next of the log", e.log.LastID()+1)
	case from.ID != 0:
		return e.behind(ctx, s, from.ID)
	case !from.Time.IsZero():
		id, err := e.since(ctx, from.Time)
		if err != nil {
			return 0, err
		}
		return e.behind(ctx, s, id)
	}
	return newest, nil
}

// behind returns the number in front of the first entry of a sink's that has an id or a greater
// one.
func (e *Engine) behind(ctx context.Context, s *Sink, id int64) (at int64, err error) {
	if s.Project == "" {
		return id - 1, nil
	}
	newest := e.newest(s.Project) // before it is looked
	entries, err := e.log.Since(ctx, s.Project, id-1, 1)
	if err != nil {
		return 0, fmt.Errorf("read the log: %w", err)
	}
	if len(entries) == 0 {
		return newest, nil
	}
	return entries[0].Seq - 1, nil
}

// since returns the least id from which on every entry was recorded at a time or later, as far
// as the log's clock never went back; where it did, a smaller one may be returned.
func (e *Engine) since(ctx context.Context, t time.Time) (id int64, err error) {
	last := e.log.LastID()
	id = 1 + int64(sort.Search(int(last), func(i int) bool {
		if err != nil {
			return true
		}
		entries, _, failed := e.log.After(ctx, int64(i), 1)
		if failed != nil {
			err = fmt.Errorf("read the log: %w", failed)
			return true
		}
		return len(entries) == 0 || !entries[0].RecordedAt.Before(t)
	}))
	return id, err
}
