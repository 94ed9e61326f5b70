package index

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"auditlog/backoff"
	"auditlog/follow"
	"auditlog/index/lexicon"
	"auditlog/index/listing"
)

// Bounds of one commit to the index: what it holds in memory until it is on disk.
// Larger ones make larger segments, which are merged less often: 128 blocks at a
// time take two thirds of the processor time of 32.
const (
	batchBlocks = 128
	batchTerms  = 800_000
)

// While the log is loaded, the machine is the log's: the index begins when that is over, that is
// when no block has changed for Config.Linger. A block that changes several times meanwhile is
// read once. But it never falls far behind, since a search looks itself into what the index
// does not know, some 30 µs a block: after restChanges, about a million entries, or
// restFor, it begins all the same.
const (
	restChanges = 1024
	restFor     = 30 * time.Second
)

// When there are more changes after a step, the follower rests for a part of the
// time that the step took: busyRest while the log is being written, unless the index is
// far behind, and quietRest otherwise.
const (
	busyRest  = 2
	quietRest = 0.25
	maxRest   = 2 * time.Second
	farBehind = 4 * restChanges
)

// progressEvery is how often a long rebuild says in the log how far it is.
const progressEvery = 10 * time.Second

// follower takes the changes of the log into an open index.
type follower struct {
	x    *Index
	e    *engine
	docs *docSet

	// goal is the sequence at which a rebuild is over, 0 when there is none.
	goal     uint64
	reported time.Time
	// purge says that documents went since the files were last looked through for
	// words of purged projects, and forget that such a project's blocks did.
	purge, forget bool
	// taken counts the changes since the documents were last compared with the log.
	taken int
	// troubled says that the status holds an error of the log.
	troubled bool
	// stepped is the newest sequence as of the last step.
	stepped uint64
}

// rebuildFrom is how many changes an index is behind to be called rebuilding.
const rebuildFrom = 256

// run follows the log until ctx is done or the index fails.
func (f *follower) run(ctx context.Context) error {
	if err := f.begin(); err != nil {
		return err
	}
	return follow.Run(ctx, f, follow.Options{Rest: f.rest, Again: f.again})
}

// rest returns how long to rest after a step that left more to do.
func (f *follower) rest(took time.Duration) time.Duration {
	part, seq := quietRest, f.x.cfg.Source.BlockSeq()
	if seq != f.stepped && seq-f.docs.cursor < farBehind {
		part = busyRest
	}
	return min(time.Duration(part*float64(took)), maxRest)
}

// again says that an error of the log, about which the index can do nothing, may pass:
// the index stays as it is until the log can be read.
func (f *follower) again(err error, _ int) (pause time.Duration, ok bool) {
	var source *sourceError
	if !errors.As(err, &source) {
		return 0, false
	}
	f.x.cfg.Log.Warn().Err(source).Msg("full-text index cannot follow the log")
	f.x.setStatus(func(s *Status) { s.Reason = source.Error() })
	f.troubled = true
	return f.x.cfg.CheckEvery, true
}

// begin makes sure that the index says what it is of, and drops what it should not have.
func (f *follower) begin() error {
	f.purge = true
	if goal := f.x.cfg.Source.BlockSeq(); goal > f.docs.cursor+rebuildFrom {
		f.goal, f.reported = goal, time.Now()
	}
	b, err := f.unreadAgain()
	if err != nil {
		return err
	}
	b.gone = f.docs.stale
	if f.docs.cursor == 0 || f.changes(&b) {
		if err := f.apply(&b); err != nil {
			return err
		}
		f.docs.stale, f.docs.missed = nil, nil
	}
	f.report()
	return nil
}

// Step takes in the next changes. full says that there may be more.
func (f *follower) Step(context.Context) (full bool, err error) {
	f.stepped = f.x.cfg.Source.BlockSeq()
	if f.troubled {
		if err := f.checkFiles(); err != nil {
			return false, err
		}
	}
	b, err := f.read()
	if err != nil {
		return false, err
	}
	if !f.changes(&b) {
		f.docs.cursor = b.cursor // not worth a commit
	} else if err := f.apply(&b); err != nil {
		return false, err
	}
	f.report()
	return b.full, nil
}

// batch is what one commit changes.
type batch struct {
	docs   []*document
	gone   []docID
	cursor uint64
	unread unread // all of them
	// full says that there may be more changes.
	full bool
}

// changes reports whether a batch changes more than the cursor.
func (f *follower) changes(b *batch) bool {
	return len(b.docs)+len(b.gone) > 0 || b.unread != f.docs.unread
}

// read reads the blocks of the next changes.
func (f *follower) read() (b batch, err error) {
	src := f.x.cfg.Source
	changes, through, err := src.BlockChanges(f.docs.cursor, batchBlocks)
	if err != nil {
		return b, &sourceError{fmt.Errorf("read changes of the log: %w", err)}
	}
	f.taken += len(changes)
	terms, builder := 0, lexicon.NewBuilder()
	b.unread = f.docs.unread
	for _, c := range changes {
		if seq, ok := f.docs.seqs[c.Key]; ok && seq != c.Seq {
			b.gone = append(b.gone, docID{Key: c.Key, Seq: seq})
		}
		b.cursor = c.Seq
		if c.Deleted {
			f.forget, b.unread = f.forget || !c.Merged, b.unread.without(c.Key)
			continue
		}
		d, ok, err := f.take(&b, builder, docID{Key: c.Key, Seq: c.Seq})
		if err != nil {
			return b, err
		}
		if !ok {
			continue
		}
		b.docs = append(b.docs, d)
		if terms += d.Words() + len(d.Hashes()); terms >= batchTerms {
			b.full = true
			return b, nil
		}
	}
	b.cursor, b.full = max(through, f.docs.cursor), len(changes) == batchBlocks
	return b, nil
}

// apply commits a batch to the index.
func (f *follower) apply(b *batch) error {
	s := f.docs.state
	s.cursor, s.unread = b.cursor, b.unread
	if marks := f.x.cfg.Marks; marks != nil {
		s.mark = marks.Mark()
	}
	if err := f.e.apply(b.docs, b.gone, s); err != nil {
		return err
	}
	f.docs.state = s
	for _, id := range b.gone {
		if f.docs.seqs[id.Key] == id.Seq {
			delete(f.docs.seqs, id.Key)
			f.purge = true
		}
	}
	for _, d := range b.docs {
		f.docs.seqs[d.ID().Key] = d.ID().Seq
	}
	for _, id := range b.unread.ids() {
		f.docs.seqs[id.Key] = id.Seq
	}
	return nil
}

// report brings the status up to date, and tells the log of a rebuild's progress.
func (f *follower) report() {
	cursor, unread := f.docs.cursor, len(f.docs.unread.ids())
	blocks := len(f.docs.seqs) - unread
	if f.goal != 0 && cursor >= f.goal {
		f.goal = 0
		f.x.cfg.Log.Info().Int("blocks", blocks).Msg("full-text index is complete")
	}
	if f.goal != 0 && time.Since(f.reported) >= progressEvery {
		f.reported = time.Now()
		f.x.cfg.Log.Info().Int("blocks", blocks).Uint64("changesLeft", f.goal-cursor).Msg("rebuilding the full-text index")
	}
	f.x.setStatus(func(s *Status) {
		s.State, s.Blocks, s.Unread, s.cursor = Ready, blocks, unread, cursor
		if f.goal != 0 {
			s.State = Rebuilding
		}
		if f.troubled {
			s.Reason, f.troubled = "", false
		}
	})
}

// Wait waits for the next changes, and meanwhile sees to the files.
func (f *follower) Wait(ctx context.Context) error {
	if err := f.tidy(ctx); err != nil {
		return err
	}
	wait, cancel := context.WithTimeout(ctx, f.x.cfg.CheckEvery)
	defer cancel()
	err := f.x.cfg.Source.WaitBlocks(wait, f.docs.cursor)
	switch {
	case err == nil:
		return f.settle(ctx)
	case wait.Err() == nil:
		return &sourceError{err}
	}
	return f.checkFiles()
}

// settle waits, after a change, until the log is not being loaded any more, or for as long as
// the index may rest.
func (f *follower) settle(ctx context.Context) error {
	defer f.x.setStatus(func(s *Status) { s.Resting = false })
	linger := f.x.cfg.Linger
	began, seq := time.Now(), f.x.cfg.Source.BlockSeq()
	for changed := began; time.Since(changed) < linger && time.Since(began) < restFor; {
		if err := backoff.Sleep(ctx, min(linger/5+1, time.Second)); err != nil {
			return err
		}
		now := f.x.cfg.Source.BlockSeq()
		if now-f.docs.cursor >= restChanges {
			return nil
		}
		if now != seq {
			seq, changed = now, time.Now()
			f.x.setStatus(func(s *Status) { s.Resting = true })
		}
	}
	return nil
}

// After so many changes, or after a part of what there is, the documents are compared with the log: some
// may be of small blocks that are gone.
const (
	sweepFrom = 1024
	sweepPart = 4
)

// sweep drops the documents of blocks that are gone.
func (f *follower) sweep(ctx context.Context) error {
	if err := f.docs.compare(ctx, &f.x.cfg); err != nil {
		return err
	}
	f.taken = 0
	b := batch{gone: f.docs.stale, cursor: f.docs.cursor, unread: f.docs.unread}
	for _, id := range b.gone {
		b.unread = b.unread.without(id.Key)
	}
	if !f.changes(&b) {
		return nil
	}
	if err := f.apply(&b); err != nil {
		return err
	}
	f.docs.stale, f.docs.missed, f.purge = nil, nil, true
	f.report()
	return nil
}

// tidy merges the files into one when that saves much, and sees to it that words of
// purged projects leave them: bleve only marks documents as gone, and a damaged
// index that was moved aside has them still.
func (f *follower) tidy(ctx context.Context) error {
	if f.forget || f.taken >= max(sweepFrom, len(f.docs.seqs)/sweepPart) {
		if err := f.sweep(ctx); err != nil {
			return err
		}
	}
	if f.forget {
		if err := removeAside(f.e.dir); err != nil {
			return err
		}
		f.forget = false
	}
	merge := false
	err := f.e.read(func(s *snapshot) error {
		merge = f.purge && s.purged() || s.scattered()
		return nil
	})
	if err == nil && merge {
		err = f.e.merge(ctx)
	}
	if err == nil {
		f.purge = false
	}
	return err
}

// checkFiles reports an error when the files of the index are not there any more,
// or not as they were written.
func (f *follower) checkFiles() error {
	if _, err := os.Stat(filepath.Join(f.e.dir, listing.File)); err != nil {
		return err
	}
	return errors.Join(f.e.read((*snapshot).unchanged), f.e.failed())
}
