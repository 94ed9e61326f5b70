package pull

import (
	"context"
	"errors"
	"time"

	"auditlog/audit"
	"auditlog/backoff"
)

// Kind says what an Event tells of its numbers.
type Kind int

// The kinds of events.
const (
	// Given numbers have an entry, and are one each.
	Given Kind = iota
	// Skipped, Purged, Damaged and Lost numbers are those of audit.Part.
	Skipped
	Purged
	Damaged
	Lost
	// Quiet is of no numbers: nothing came for some time.
	Quiet
)

// Event is what who follows is told next. The numbers of events follow each other without a gap.
type Event struct {
	Kind  Kind
	Entry *audit.Entry // of Given
	Range audit.Range
	// Cursor is behind all that was told so far.
	Cursor string
	// Last says that the next event may have to be waited for.
	Last bool
}

// Follow calls emit with all that comes, until that returns an error, which it returns, or ctx
// ends, which it returns the cause of; or the server stops, which is no error. A reading that
// fails ends it too. It returns what Pull does.
//
// begun is called once it is clear that there is something to follow.
func (s *Server) Follow(ctx context.Context, r *Request, begun func() error, emit func(*Event) error) error {
	c, err := s.begin(ctx, r)
	if err != nil {
		return err
	}
	leave, err := s.watchers.Enter(r.Who)
	if err != nil {
		return err
	}
	defer leave()
	if err := begun(); err != nil {
		return err
	}
	t := &teller{emit: emit, behind: c.cursor, at: time.Now()}
	for {
		before := s.opts.Log.LastID()
		part, done, err := c.next(ctx)
		if err == nil {
			err = t.take(part)
		}
		done()
		if err != nil {
			return err
		}
		if part.Covered.To < part.Newest {
			continue
		}
		if err := s.await(ctx, c, before, t); err != nil {
			if errors.Is(err, errStopping) {
				return nil
			}
			return err
		}
	}
}

// teller tells who follows what came. Of what was there when he began it tells at once. That numbers were
// skipped since, and nothing else, it tells with what comes next, or when it is time for a heartbeat: who
// may read a part of the log does not see by it when somebody else records.
type teller struct {
	emit func(*Event) error
	live bool // all that was there is told
	// behind is behind all that was told, at is when that was.
	behind Cursor
	at     time.Time
	held   *Part // what is to be told, if anything is
}

// take takes in the next part.
func (t *teller) take(part Part) error {
	if t.held != nil {
		part = joined(*t.held, part)
	}
	t.held = &part
	end := part.Covered.To >= part.Newest
	if end && t.live && len(part.Entries)+len(part.Purged)+len(part.Damaged)+len(part.Lost) == 0 {
		return nil
	}
	t.live = t.live || end
	return t.tell()
}

// tell tells of all that is held.
func (t *teller) tell() error {
	part := t.held
	t.held, t.at = nil, time.Now()
	if err := emitPart(&part.Part, t.behind, t.emit); err != nil {
		return err
	}
	t.behind.After = part.Covered.To
	return nil
}

// beat tells that nothing came but what is held.
func (t *teller) beat() error {
	if t.held != nil && t.held.Covered.To > t.behind.After {
		return t.tell()
	}
	t.at = time.Now()
	return t.emit(&Event{Kind: Quiet, Cursor: t.behind.String()})
}

// errStopping ends those who follow when the server stops.
var errStopping = errors.New("the server stops")

// await returns once there may be something behind an id, and has heartbeats told meanwhile.
func (s *Server) await(ctx context.Context, c *consumer, before int64, t *teller) error {
	for {
		left := s.opts.Heartbeat - time.Since(t.at)
		err := context.DeadlineExceeded
		if left > 0 {
			err = s.wait(ctx, before, left)
		}
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case s.stopping():
			return errStopping
		case errors.Is(err, context.DeadlineExceeded):
			if err := t.beat(); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		}
		before = s.opts.Log.LastID()
		if newest(s.opts.Log, c.r.Query.Project) > c.cursor.After {
			return nil
		}
	}
}

// wait waits for something behind an id, and for what comes with it, at most for so long.
func (s *Server) wait(ctx context.Context, before int64, most time.Duration) error {
	ctx, cancel := s.waiting(ctx, most)
	defer cancel()
	if err := s.opts.Log.Wait(ctx, before); err != nil {
		return err
	}
	_ = backoff.Sleep(ctx, settle)
	return nil
}

func (s *Server) stopping() bool {
	select {
	case <-s.opts.Stopping:
		return true
	default:
		return false
	}
}

// emitPart tells of a part in the order of its numbers.
func emitPart(part *audit.Part, cursor Cursor, emit func(*Event) error) error {
	entries := part.Entries
	apart := map[int64]Event{} // by the first number
	for kind, ranges := range map[Kind][]audit.Range{Skipped: part.Skipped, Purged: part.Purged, Damaged: part.Damaged, Lost: part.Lost} {
		for _, r := range ranges {
			apart[r.From] = Event{Kind: kind, Range: r}
		}
	}
	for at := part.Covered.From; at <= part.Covered.To; at = cursor.After + 1 {
		ev, ok := apart[at]
		if !ok {
			ev = Event{Range: audit.Range{From: at, To: at}, Entry: entries[0]}
			entries = entries[1:]
		}
		cursor.After = ev.Range.To
		ev.Cursor, ev.Last = cursor.String(), ev.Range.To == part.Covered.To
		if err := emit(&ev); err != nil {
			return err
		}
	}
	return nil
}
