package store

import (
	"context"
	"errors"
	"runtime"
	"time"

	"auditlog/audit"
	"auditlog/store/commit"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/queue"
)

// submission is one call on its way through the committer.
type submission struct {
	commit.Part
	rows *format.Rows // of the part

	item queue.Item[*submission]
	err  error
	done chan struct{}
}

// Record stores entries, all or none, and returns once they are on disk. The
// entries are the store's from then on: it sets their ID, Seq and times, and the
// caller must not change them. RecordedBy is the caller's to set.
//
// An entry that is refused is the Item of the Fault. It returns Invalid for an entry that is wrong, TooLarge
// for one over MaxStored or too many at once, Conflict for a project that is
// being deleted, Unavailable when the log cannot write, *audit.Exceeded above a limit.
func (s *Store) Record(ctx context.Context, entries []*audit.Entry) ([]audit.Recorded, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	sub, err := s.prepare(entries)
	if err != nil {
		return nil, err
	}
	defer s.spare.Put(sub.rows) // of which a commit has made copies
	if err := s.meter.Take(sub.item.Parts, s.opts.Now()); err != nil {
		return nil, err
	}
	if s.db.Shared() {
		sub.Standing = audit.StandingOf(ctx)
	}
	parts := sub.item.Parts
	defer s.meter.Give(parts)
	for {
		if sub.Marks, err = s.keys.Look(ctx, entries, sub.Rows); err != nil {
			return nil, err
		}
		if err = s.send(ctx, sub); !errors.Is(err, commit.ErrMoved) {
			return sub.Results, err
		}
		sub.done, sub.item = make(chan struct{}), queue.Item[*submission]{Value: sub, Parts: parts}
	}
}

// RecordOwn records an entry of the log itself, such as a call that it refused:
// in the entry's project when that is there and active, else in the system
// project, so that it never makes, fills or revives a project by being refused. It
// is a duplicate of nothing.
func (s *Store) RecordOwn(ctx context.Context, entry *audit.Entry) error {
	entry.Key, entry.RecordedBy = "", audit.RecordedByLog
	sub, err := s.prepare([]*audit.Entry{entry})
	if err != nil {
		return err
	}
	sub.Own, sub.Lasting, sub.item.First = true, true, true
	return s.send(ctx, sub)
}

// send has a submission wait for the committer, and waits for its end. Once the committer
// has it, ctx no longer matters: the caller learns what became of it.
func (s *Store) send(ctx context.Context, sub *submission) error {
	s.queue.Push(&sub.item)
	patience := time.NewTimer(roomWait)
	defer patience.Stop()
	var why error
	select {
	case <-sub.done:
		return sub.err
	case <-ctx.Done():
		why = errBusy()
	case <-patience.C:
		why = s.errFull()
	case <-s.closing.Done():
		why = errClosed()
	}
	if s.queue.Remove(&sub.item) {
		return why
	}
	<-sub.done
	return sub.err
}

// roomWait is how long recording waits for a sealer that is far behind, and for its turn:
// less than clients wait.
const roomWait = 20 * time.Second

func errBusy() error {
	return audit.Errorf(audit.Unavailable, "the log is too busy; nothing was stored")
}

// errFull returns why a submission has waited in vain.
func (s *Store) errFull() error {
	s.mem.Mu.RLock()
	defer s.mem.Mu.RUnlock()
	if s.sealErr != nil {
		return errNoRoom(s.sealErr)
	}
	return errBusy()
}

func errClosed() error { return audit.Errorf(audit.Unavailable, "the log is closed") }

// prepare checks and encodes entries in the caller's goroutine, so that the
// committer, which there is one of, has little left to do.
func (s *Store) prepare(entries []*audit.Entry) (*submission, error) {
	rows, _ := s.spare.Get().(*format.Rows)
	if rows == nil {
		rows = new(format.Rows)
	}
	if err := rows.Encode(entries, s.opts.Now()); err != nil {
		return nil, err
	}
	sub := &submission{
		Part: commit.Part{Entries: entries, Rows: rows.Of, Alike: make([]int, len(entries))},
		rows: rows, done: make(chan struct{}),
	}
	var of queue.Shares
	for i, e := range entries {
		sub.Alike[i] = of.Add(e.RecordedBy, e.Project, len(rows.Of[i]))
	}
	sub.item.Value, sub.item.Parts = sub, of.Parts
	return sub, nil
}

// commitLoop is the committer: it takes the submissions whose turn it is, commits
// them together, and answers them. Its owner is Open, its end Close.
func (s *Store) commitLoop() {
	var crowd crowd
	for s.closing.Err() == nil {
		crowd.await(s.closing, s.queue)
		group := s.gather()
		if len(group) == 0 {
			select {
			case <-s.closing.Done():
			case <-s.queue.Wake():
			}
			continue
		}
		began := time.Now()
		s.commit(group)
		s.queue.Settle()
		if s.db.Shared() {
			waiting, _ := s.queue.Waiting()
			crowd.answered(len(group), waiting, time.Since(began))
		}
		for _, sub := range group {
			close(sub.done)
		}
	}
}

// gatherYields is how often the committer lets others run before it commits, when
// none waits: calls that are on their way come along then, and share the sync. It costs
// the single call of a log at rest nothing.
const gatherYields = 4

// One commit takes in submissions until it is this large. A larger one would share its sync
// among more, and hold up for longer whoever comes next.
const (
	commitEntries = 4000
	commitBytes   = 1 << 20
)

// gather returns the submissions whose turn it is, up to the size of one commit; none where
// none may go.
func (s *Store) gather() []*submission {
	var group []*submission
	left := queue.Load{Entries: commitEntries, Bytes: commitBytes}
	for yields := gatherYields; ; yields-- {
		items, more := s.queue.Take(left)
		for _, it := range items {
			group = append(group, it.Value)
			left.Sub(queue.Load{Entries: len(it.Value.Entries), Bytes: it.Value.rows.Size})
		}
		if len(group) == 0 || more || left.Entries <= 0 || left.Bytes <= 0 || yields == 0 {
			return group
		}
		runtime.Gosched()
	}
}

// commit writes a group in one transaction. Each submission gets its results or
// its error; one that is refused does not hold the others up.
func (s *Store) commit(group []*submission) {
	var w *commit.Writer
	err := s.update("record", func(tx kv.Tx) error {
		w = s.commits.Begin(tx)
		for _, sub := range group {
			if sub.err = w.Add(&sub.Part); sub.err != nil && audit.KindOf(sub.err) == audit.Internal {
				return sub.err
			}
		}
		return w.Finish()
	}, func() { s.apply(w) })
	if err != nil {
		for _, sub := range group {
			if sub.err == nil {
				sub.Results, sub.err = nil, err
			}
		}
	}
}

// apply brings the memory to the state of a commit. The caller holds State.Mu.
func (s *Store) apply(w *commit.Writer) {
	w.Apply()
	if s.duty != nil && !w.Empty() {
		s.turns.own = time.Now()
	}
	s.committed.broadcast()
}
