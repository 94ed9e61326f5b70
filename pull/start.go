package pull

import (
	"context"
	"time"

	"auditlog/audit"
)

// Start says where to begin without a cursor. The zero Start is the beginning of the log.
type Start struct {
	// Number is the first that is wanted, unless it is 0.
	Number int64
	// At, unless it is zero, wants what was recorded at that time and from then on.
	At time.Time
	// Now wants what is recorded from now on.
	Now bool
}

// before returns the number behind which s begins. It returns an Invalid Fault of the field
// from.
func (s Start) before(ctx context.Context, log Log, project string) (int64, error) {
	last := newest(log, project)
	switch {
	case s.Number < 0 || s.Number > last+1:
		return 0, audit.FieldErrorf("from", "must be at most %d, the number of the next entry to be recorded, is %d", last+1, s.Number)
	case s.Now:
		return last, nil
	case !s.At.IsZero():
		return RecordedBefore(ctx, log, project, s.At, last)
	}
	return max(0, s.Number-1), nil
}

// Numbered gives the entries behind a number, in commit order.
type Numbered interface {
	After(ctx context.Context, id int64, limit int) (entries []*audit.Entry, through int64, err error)
	AfterSeq(ctx context.Context, project string, seq int64, limit int) ([]*audit.Entry, error)
}

// RecordedBefore returns the number of the newest entry before the first that was recorded at a
// time or after it, up to last. Where the server's clock was set back it may be any of those
// that are followed by one recorded then: times repeat, numbers do not.
func RecordedBefore(ctx context.Context, log Numbered, project string, at time.Time, last int64) (int64, error) {
	least, most := int64(0), last // what is up to least was recorded before, what is behind most not
	for least < most {
		middle := least + (most-least)/2
		e, number, err := behind(ctx, log, project, middle)
		switch {
		case err != nil:
			return 0, err
		case e == nil || number > most || !e.RecordedAt.Before(at):
			most = middle
		default:
			least = number
		}
	}
	return least, nil
}

// behind returns the next entry behind a number that is still there, and its number; nil when
// there is none.
func behind(ctx context.Context, log Numbered, project string, number int64) (*audit.Entry, int64, error) {
	if project != "" {
		entries, err := log.AfterSeq(ctx, project, number, 1)
		if err != nil || len(entries) == 0 {
			return nil, 0, err
		}
		return entries[0], entries[0].Seq, nil
	}
	for {
		entries, through, err := log.After(ctx, number, 1)
		if err != nil || len(entries) == 0 && through == number {
			return nil, 0, err
		}
		if len(entries) > 0 {
			return entries[0], entries[0].ID, nil
		}
		number = through
	}
}
