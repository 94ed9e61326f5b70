package ship

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"auditlog/audit"
	"auditlog/backoff"
	"auditlog/follow"
	"auditlog/pull"
	"auditlog/rpc"
	"auditlog/sink"
)

// Log is a log that is shipped, as a client of its server has it.
type Log interface {
	// PullPart returns the next part.
	PullPart(ctx context.Context, req rpc.PullRequest) (rpc.PullResult, error)
	// Get returns one entry of a project.
	Get(ctx context.Context, project string, id int64) (*audit.Entry, error)
	// Checkpoint returns a checkpoint of all that is recorded.
	Checkpoint(ctx context.Context, old *int64) (rpc.CheckpointResult, error)
}

// Options say what is shipped where. Log, State and Destination are required.
type Options struct {
	Log         Log
	State       *State
	Destination sink.Destination
	// To is what the state says of the destination, without secrets; Name what the destination
	// is told of who ships.
	To, Name string
	// Filters select what is shipped.
	Filters rpc.Filters
	// From is where a state begins that nothing was kept of. Empty: with the first entry.
	From rpc.Start
	// Batch is how many entries are delivered at once at most. Default: audit.MaxLimit.
	Batch int
	// Once has it end when everything is delivered, and give up after some failures in a row.
	Once bool
	// AcceptRestore has it go on where the log was restored from a backup, instead of ending.
	AcceptRestore bool
	// SkipDamaged has it go on behind entries that cannot be read, which are counted, instead of
	// trying until the log is repaired.
	SkipDamaged bool
	// Checkpoints has it deliver the log's newest checkpoint behind entries, as the server's sinks do.
	Checkpoints bool
	// Progress is told of the state whenever that was saved, Report of failures that are tried
	// again, after a pause. Default: nobody.
	Progress func(*Kept)
	Report   func(err error, pause time.Duration)
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

const (
	// waitSeconds is how long a pull waits for entries.
	waitSeconds = 30
	// deliverWithin is how long one delivery may take.
	deliverWithin = 5 * time.Minute
	// triesOnce is how many failures in a row there may be where Options.Once is set.
	triesOnce = 5
	// saveEvery is how far apart states are saved that say nothing but that entries were skipped.
	saveEvery = time.Second
)

// pauses are those after failures.
var pauses = backoff.Policy{First: time.Second, Most: time.Minute}

// errDamaged is why nothing goes on where the log is damaged: who went on would never deliver
// what a repair brings back.
var errDamaged = errors.New("the log is damaged there, and goes on once it is repaired")

// errAll is the end of a run that is to be once.
var errAll = errors.New("all is delivered")

// Run ships until ctx is done, or with Options.Once until all is delivered, or a failure that
// does not pass. What it returns then is the log's error, *sink.Gone of a destination that wants
// nothing more, or one of the state file.
func Run(ctx context.Context, o Options) error {
	if o.Progress == nil {
		o.Progress = func(*Kept) {}
	}
	if o.Report == nil {
		o.Report = func(error, time.Duration) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &shipper{o: &o, st: o.State, askedAt: o.Now()}
	err := follow.Run(ctx, s, follow.Options{Again: s.again})
	if errors.Is(err, errAll) {
		err = s.uncarried
	}
	if s.unsaved {
		err = errors.Join(err, s.save())
	}
	return err
}

// shipper is a follow.Follower.
type shipper struct {
	o  *Options
	st *State
	// next is what was pulled and is not delivered.
	next *rpc.PullResult
	// unsaved is set while the state is ahead of its file, and due when that must not be so for
	// longer: what was delivered is not to be delivered again because a disk was full.
	unsaved, due bool
	savedAt      time.Time
	// askedAt is when a checkpoint was asked for last, or the run began, and uncarried why it was not delivered.
	askedAt   time.Time
	uncarried error
}

// readError is an error of the log's, not the destination's.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }
func (e *readError) Unwrap() error { return e.err }

// again says what is tried again, and after how long.
func (s *shipper) again(err error, n int) (pause time.Duration, ok bool) {
	var gone *sink.Gone
	var later *sink.Later
	var read *readError
	switch {
	case errors.Is(err, errAll), errors.As(err, &gone), s.o.Once && n >= triesOnce:
		return 0, false
	case errors.As(err, &read) && !passes(err):
		return 0, false
	}
	pause = pauses.Pause(n)
	if errors.As(err, &later) {
		pause = max(pause, later.After)
	}
	s.st.Error, s.st.ErrorAt = err.Error(), s.o.Now().UTC().Truncate(time.Second)
	if s.st.Begun() && n == 1 {
		_ = s.save() // it says why nothing moves: what matters is saved with the next part
	}
	s.o.Report(err, pause)
	return pause, true
}

// passes reports whether an error of the log's may pass.
func passes(err error) bool {
	switch audit.KindOf(err) {
	case audit.Unavailable, audit.RateLimited, audit.Internal:
		return true
	}
	return false
}

// Step delivers the next part.
func (s *shipper) Step(ctx context.Context) (more bool, err error) {
	if s.due {
		if err := s.save(); err != nil {
			return false, err
		}
	}
	if s.next == nil {
		if err := s.pull(ctx, 0); err != nil {
			return false, err
		}
	}
	part := s.next
	if len(part.Damaged) > 0 && !s.o.SkipDamaged {
		s.next = nil // it may be repaired by the next try
		return false, fmt.Errorf("entries %d to %d cannot be read: %w", part.Damaged[0].From, part.Damaged[0].To, errDamaged)
	}
	if len(part.Items) > 0 {
		if err := s.deliver(ctx, part); err != nil {
			return false, err
		}
	}
	s.take(part)
	more = part.Covered.To < part.Newest
	if s.due = len(part.Items) > 0 || !more || s.o.Now().Sub(s.savedAt) >= saveEvery; s.due {
		if err := s.save(); err != nil {
			return false, err
		}
	}
	end := s.o.Once && !more
	if s.carry(ctx, end); end {
		return false, errAll
	}
	return more, nil
}

// Wait waits for more entries.
func (s *shipper) Wait(ctx context.Context) error { return s.pull(ctx, waitSeconds) }

// pull makes next what comes next.
func (s *shipper) pull(ctx context.Context, wait int) error {
	req := s.request()
	req.WaitSeconds = wait
	part, err := s.o.Log.PullPart(ctx, req)
	if isLost(err) && s.o.AcceptRestore {
		if part, err = s.restart(ctx); err != nil {
			return err
		}
	}
	if err != nil {
		return &readError{err}
	}
	s.next = &part
	return nil
}

// request asks for what is behind the state.
func (s *shipper) request() rpc.PullRequest {
	return rpc.PullRequest{Filters: s.o.Filters, Cursor: s.st.Cursor, From: s.o.From, Limit: s.o.Batch}
}

// isLost reports whether an error says that the log has lost the state that a cursor is of.
func isLost(err error) bool {
	var f *audit.Fault
	return errors.As(err, &f) && f.Kind == audit.Conflict && f.Path == "cursor"
}

// deliver hands the entries of a part over.
func (s *shipper) deliver(ctx context.Context, part *rpc.PullResult) error {
	c, ok := pull.ParseCursor(part.NextCursor)
	if !ok {
		return &readError{fmt.Errorf("the log answers with a cursor that is none")}
	}
	within, cancel := context.WithTimeout(ctx, deliverWithin)
	defer cancel()
	b := &sink.Batch{
		Log: c.Log, Project: s.o.Filters.Project, Sink: s.o.Name, From: part.Covered.From, To: part.Covered.To, Entries: part.Items,
		Proven: s.st.Delivered > 0,
	}
	err := s.o.Destination.Deliver(within, b)
	if refused := (*sink.Refused)(nil); errors.As(err, &refused) {
		if err := refused.Of(b); err != error(refused) {
			return err
		}
		if err := s.st.keepRefused(part.Items, refused.Entries, c.Log.Epoch, s.o.Now()); err != nil {
			return err
		}
		s.st.Refused += int64(len(refused.Entries))
		s.st.Delivered -= int64(len(refused.Entries))
		err = nil
	}
	return err
}

// take brings the state behind a part, which was delivered.
func (s *shipper) take(part *rpc.PullResult) {
	st := s.st
	if !st.Begun() {
		st.From = part.Covered.From
	}
	c, _ := pull.ParseCursor(part.NextCursor)
	st.Log, st.Epoch, st.Project, st.To = c.Log.Log, c.Log.Epoch, s.o.Filters.Project, s.o.To
	st.Cursor, st.Through, st.Newest = part.NextCursor, part.Covered.To, part.Newest
	st.Delivered += int64(len(part.Items))
	for _, r := range part.Skipped {
		st.Skipped += r.Len()
	}
	for _, r := range part.Purged {
		st.Purged += r.Len()
	}
	for _, r := range append(part.Damaged, part.Lost...) {
		st.Missing += r.Len()
	}
	if n := len(part.Items); n > 0 {
		last := part.Items[n-1]
		st.DeliveredAt, st.LastID = s.o.Now().UTC().Truncate(time.Second), last.ID
		st.mark(s.number(last), sumOf(last))
	}
	st.Error, st.ErrorAt = "", time.Time{}
	s.next, s.unsaved = nil, true
}

func (s *shipper) number(e *audit.Entry) int64 { return numberOf(e, s.o.Filters.Project) }

// numberOf returns the number of an entry where one project is shipped, or all.
func numberOf(e *audit.Entry, project string) int64 {
	if project == "" {
		return e.ID
	}
	return e.Seq
}

// sumOf returns what tells an entry from one with its number in another state of the log.
func sumOf(e *audit.Entry) string {
	sum := sha256.Sum256(e.AppendJSON(nil))
	return hex.EncodeToString(sum[:8])
}

// save puts the state on disk.
func (s *shipper) save() error {
	if err := s.st.Save(s.o.Now()); err != nil {
		return err
	}
	s.unsaved, s.due, s.savedAt = false, false, s.o.Now()
	s.o.Progress(&s.st.Kept)
	return nil
}

// restart returns the part behind the newest entry that was delivered and that the log still has
// as it was then, or else the first part.
func (s *shipper) restart(ctx context.Context) (rpc.PullResult, error) {
	req := rpc.PullRequest{Filters: s.o.Filters, From: "1", Limit: 1}
	for i := len(s.st.Marks) - 1; i >= 0; i-- {
		m := s.st.Marks[i]
		req.From = rpc.Start(fmt.Sprint(m.Number))
		part, err := s.o.Log.PullPart(ctx, req)
		switch {
		case audit.KindOf(err) == audit.Invalid:
			continue // there is no such number yet
		case err != nil:
			return part, err
		}
		if len(part.Items) > 0 && s.number(part.Items[0]) == m.Number && sumOf(part.Items[0]) == m.Sum {
			s.st.Marks = s.st.Marks[:i+1]
			return s.behind(ctx, rpc.PullRequest{Filters: s.o.Filters, Cursor: part.NextCursor, Limit: s.o.Batch})
		}
	}
	s.st.Marks = nil
	return s.behind(ctx, rpc.PullRequest{Filters: s.o.Filters, From: "1", Limit: s.o.Batch})
}

// behind pulls what a restart goes on with.
func (s *shipper) behind(ctx context.Context, req rpc.PullRequest) (rpc.PullResult, error) {
	part, err := s.o.Log.PullPart(ctx, req)
	if err == nil {
		s.st.From = part.Covered.From // what is counted from here on is of the new state
		s.st.Covered = 0
		s.st.Delivered, s.st.Skipped, s.st.Purged, s.st.Missing, s.st.Refused = 0, 0, 0, 0, 0
		s.o.Report(fmt.Errorf("the log was restored: going on behind number %d", part.Covered.From-1), 0)
	}
	return part, err
}
