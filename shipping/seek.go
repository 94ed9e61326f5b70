package shipping

import (
	"context"
	"fmt"

	"auditlog/audit"
	"auditlog/pull"
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
		at, err := pull.RecordedBefore(ctx, e.log, s.Project, from.Time, newest)
		if err != nil {
			return 0, fmt.Errorf("read the log: %w", err)
		}
		return at, nil
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
