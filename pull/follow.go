package pull

import (
	"context"
	"errors"

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
	for {
		before := s.opts.Log.LastID()
		cursor := c.cursor
		part, done, err := c.next(ctx)
		if err == nil {
			err = emitPart(&part.Part, cursor, emit)
		}
		done()
		if err != nil {
			return err
		}
		if part.Covered.To < part.Newest {
			continue
		}
		if err := s.await(ctx, c, before, emit); err != nil {
			if errors.Is(err, errStopping) {
				return nil
			}
			return err
		}
	}
}

// errStopping ends those who follow when the server stops.
var errStopping = errors.New("the server stops")

// await returns once there may be something behind an id.
func (s *Server) await(ctx context.Context, c *consumer, before int64, emit func(*Event) error) error {
	for {
		err := s.wait(ctx, before)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case s.stopping():
			return errStopping
		case errors.Is(err, context.DeadlineExceeded):
			if err := emit(&Event{Kind: Quiet, Cursor: c.cursor.String()}); err != nil {
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

// wait waits for something behind an id, and for what comes with it.
func (s *Server) wait(ctx context.Context, before int64) error {
	ctx, cancel := s.waiting(ctx, s.opts.Heartbeat)
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
