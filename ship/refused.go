package ship

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"auditlog/audit"
	"auditlog/durable"
	"auditlog/sink"
)

// Letter is an entry that the destination refused for good.
type Letter struct {
	ID      int64     `json:"id"`
	Epoch   uint32    `json:"epoch,omitempty"` // of the log, which may give the id again in the next
	Project string    `json:"project"`
	Reason  string    `json:"reason"`
	At      time.Time `json:"at"`
}

// refusedPath is where letters are: one a line.
func (s *State) refusedPath() string { return s.path + ".refused" }

// keepRefused puts letters for some of the entries on disk. Who crashes behind it may have one
// twice.
func (s *State) keepRefused(entries []*audit.Entry, refused []sink.Refusal, epoch uint32, now time.Time) error {
	letters, err := s.letters()
	if err != nil {
		return err
	}
	known := make(map[int64]bool)
	for _, l := range letters {
		known[l.ID] = true
	}
	for _, r := range refused {
		if e := entries[r.Index]; !known[e.ID] {
			letters = append(letters, Letter{e.ID, epoch, e.Project, r.Reason, now.UTC().Truncate(time.Second)})
		}
	}
	return s.putLetters(letters)
}

// letters returns all that there are.
func (s *State) letters() (letters []Letter, err error) {
	text, err := os.ReadFile(s.refusedPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what was refused: %w", err)
	}
	for line := range bytes.Lines(text) {
		var l Letter
		if err := json.Unmarshal(line, &l); err != nil || l.ID < 1 {
			return nil, audit.Errorf(audit.Invalid, "%s is damaged: move it away to go on without it", s.refusedPath())
		}
		letters = append(letters, l)
	}
	return letters, nil
}

func (s *State) putLetters(letters []Letter) error {
	var b []byte
	for i := range letters {
		line, err := json.Marshal(&letters[i])
		if err != nil {
			return err
		}
		b = append(append(b, line...), '\n')
	}
	if err := durable.Replace(s.refusedPath(), b); err != nil {
		return fmt.Errorf("keep what was refused: %w", err)
	}
	return nil
}

// Resent is what became of the entries that had been refused. Gone are those that the log no longer
// has, because they were purged, or lost by a restore.
type Resent struct{ Delivered, Refused, Gone int }

// Resend delivers what was refused for good once more, one entry after the other, and forgets
// those that were taken, or are gone. It ends at the first failure that says nothing of the entry.
func Resend(ctx context.Context, o Options) (sum Resent, err error) {
	letters, err := o.State.letters()
	if err != nil {
		return sum, err
	}
	left := slices.Clone(letters)
	for _, l := range letters {
		refusal, err := resend(ctx, &o, l)
		left = left[1:]
		switch {
		case audit.KindOf(err) == audit.NotFound:
			sum.Gone++
		case err != nil:
			return sum, err
		case refusal != "":
			l.Reason = refusal
			left = append(left, l)
			sum.Refused++
		default:
			sum.Delivered++
		}
		if err := o.State.putLetters(left); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// resend delivers one entry, and returns why it is refused, if it is. It returns NotFound for one
// that is gone.
func resend(ctx context.Context, o *Options, l Letter) (refusal string, err error) {
	if l.Epoch != o.State.Epoch {
		return "", audit.Errorf(audit.NotFound, "entry %d is of a state of the log that is lost", l.ID)
	}
	e, err := o.Log.Get(ctx, l.Project, l.ID)
	if err != nil {
		return "", err
	}
	n := numberOf(e, o.Filters.Project)
	ctx, cancel := context.WithTimeout(ctx, deliverWithin)
	defer cancel()
	err = o.Destination.Deliver(ctx, &sink.Batch{
		Log: audit.Lineage{Log: o.State.Log, Epoch: o.State.Epoch}, Project: o.Filters.Project, Sink: o.Name,
		From: n, To: n, Entries: []*audit.Entry{e}, Proven: true,
	})
	if refused := (*sink.Refused)(nil); errors.As(err, &refused) && len(refused.Entries) > 0 {
		return refused.Entries[0].Reason, nil
	}
	return "", err
}
