package purge

import (
	"fmt"
	"math"
	"slices"

	"auditlog/audit"
	"auditlog/store/blocks"
	"auditlog/store/catchup"
	"auditlog/store/commit"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/memory"
)

// How much one step does at most: a few milliseconds of writing, so that recording is hardly held up.
const (
	orderAtOnce  = 128
	blocksAtOnce = 64
	spansAtOnce  = 2000
	keysAtOnce   = 64 // rows, of tens of kilobytes
	tilesAtOnce  = 64 // of 8 KiB
)

// Log is what a purge has of the log.
type Log struct {
	Memory  *catchup.Memory
	Commits *commit.Writers
	Blocks  *blocks.Reader
	Sizes   *blocks.Sizes
}

// Step does one step. What it deletes, in this order: the places of the
// entries, their blocks, their keys, the tree over them, and at last the project's record,
// secret included, in whose stead an empty project of the same name begins.
type Step struct {
	Log
	p   *memory.Project
	tx  kv.Tx
	rec format.Project
	seq uint64
	// fresh and commit are of the last step: the project begun anew, and its
	// project.purge entry.
	fresh  *memory.Project
	commit *commit.Writer
}

// New returns the next step of the purge of p, of which nothing is in the tail and no key outside
// of a run.
func New(l Log, p *memory.Project) *Step { return &Step{Log: l, p: p} }

// Write does the step in a transaction. It returns kv.ErrNothing where another node has ended the purge.
func (s *Step) Write(tx kv.Tx) error {
	s.tx = tx
	s.rec = s.p.Rec
	s.fresh, s.commit = nil, nil
	if s.rec.State != audit.Purging {
		return kv.ErrNothing // another has ended it
	}
	s.seq = format.ReadUint64(tx.Bucket(format.Meta).Get(format.MetaBlockSeq))
	progress := *s.rec.Purge
	progress.Behind = slices.Clone(progress.Behind)
	s.rec.Purge = &progress
	for _, part := range []func() (left bool, err error){s.order, s.blocks, s.keys, s.spans, s.tiles} {
		left, err := part()
		if err != nil {
			return fmt.Errorf("purge project %q: %w", s.p.Name, err)
		}
		if left {
			return s.p.Put(tx, &s.rec)
		}
	}
	return s.finish()
}

// order forgets where the project's entries are: whose their ids are, and their places.
func (s *Step) order() (left bool, err error) {
	return blocks.Disown(s.tx, s.p.ID, orderAtOnce)
}

// blocks deletes blocks and adds up what was in them.
func (s *Step) blocks() (left bool, err error) {
	writer := &blocks.Writer{Tx: s.tx, Sizes: s.Sizes, Seq: s.seq}
	var drop []blocks.Keyed
	for _, id := range format.LayerIDs(s.p.ID) {
		if drop, err = s.some(id, drop); err != nil {
			return false, err
		}
	}
	if len(drop) == 0 {
		return false, nil
	}
	writer.Expect(&blocks.Plan{Drop: drop})
	s.rec.Late = slices.Clone(s.rec.Late)
	for _, b := range drop {
		count(s.rec.Purge, b)
		if l := s.rec.LayerAt(format.LayerOf(b.Key.Project)); l != nil {
			l.Entries -= int64(b.Rows())
		}
		if err := writer.Delete(b); err != nil {
			return false, err
		}
	}
	s.seq = writer.Seq
	return true, writer.Finish()
}

// some adds blocks of a layer to those that are to be deleted in one step, while there is room.
func (s *Step) some(id format.ProjectID, drop []blocks.Keyed) ([]blocks.Keyed, error) {
	c := blocks.NewCursor(s.tx, id)
	ok, err := c.First()
	for ; ok && err == nil && len(drop) < blocksAtOnce; ok, err = c.Next() {
		b, err := s.Blocks.Fresh(c.Key, c.Value)
		if err != nil {
			return nil, err
		}
		drop = append(drop, blocks.Keyed{Key: c.Key, Block: b})
	}
	return drop, err
}

// count adds a block that is deleted, but for the entries that stay.
func count(p *format.Purge, b blocks.Keyed) {
	for row, id := range b.IDs(nil) {
		p.Count(id, b.EntrySeq(row), b.CreatedAt(row))
	}
}

// keys deletes idempotency keys, which are all in runs.
func (s *Step) keys() (left bool, err error) { return s.drop(format.Keys, keysAtOnce) }

// spans deletes the secondary index.
func (s *Step) spans() (left bool, err error) {
	for _, id := range format.LayerIDs(s.p.ID) {
		if left, err = s.dropOf(id, format.Spans, spansAtOnce); left || err != nil {
			break
		}
	}
	return left, err
}

// tiles deletes the tree. Its root is in the project's record.
func (s *Step) tiles() (left bool, err error) { return s.drop(format.Tiles, tilesAtOnce) }

// drop deletes keys of a bucket that begin with the project's number, so many at most.
func (s *Step) drop(bucket string, most int) (left bool, err error) {
	return s.dropOf(s.p.ID, bucket, most)
}

// dropOf is drop of keys that begin with the id of a layer.
func (s *Step) dropOf(id format.ProjectID, bucket string, most int) (left bool, err error) {
	prefix := format.ProjectPrefix(id)
	n, err := s.tx.Bucket(bucket).DeleteRange(prefix, kv.Next(prefix), most)
	if err != nil {
		return false, fmt.Errorf("delete from %s: %w", bucket, err)
	}
	return n > 0, nil
}

// finish begins the project anew with the entries that stay, and records the
// project.purge entry behind them, in the same transaction.
func (s *Step) finish() error {
	old := s.rec
	s.rec = format.Project{State: audit.Purged, Incarnation: old.Incarnation + 1, Base: old.Seq + 1, Seq: old.Seq}
	var err error
	if s.fresh, err = s.Commits.BeginProject(s.tx, s.p.Name, &s.rec); err != nil {
		return err
	}
	if err := s.tx.Bucket(format.Usages).Delete(format.ProjectUsageKey(s.p.ID)); err != nil {
		return fmt.Errorf("delete usage: %w", err)
	}
	if err := s.searches(); err != nil {
		return err
	}
	if err := s.keep(old.Purge.Kept); err != nil {
		return err
	}
	s.fresh.Rec = s.rec
	e := old.PurgeEntry()
	if err := s.record(e); err != nil {
		return err
	}
	s.rec.Kept = append(s.rec.Kept, format.KeptOf(e))
	s.fresh.Rec = s.rec
	return s.fresh.Put(s.tx, &s.rec)
}

// keep puts the entries that stay into the project that begins anew.
func (s *Step) keep(entries []*audit.Entry) error {
	for _, e := range entries {
		s.rec.Kept = append(s.rec.Kept, format.KeptOf(e))
		if err := blocks.Own(s.tx, e.ID, format.Owner{Project: s.fresh.ID, Seq: e.Seq}); err != nil {
			return err
		}
	}
	sorted := slices.SortedFunc(slices.Values(entries), blocks.ByPosition)
	s.rec.Entries = int64(len(sorted))
	s.rec.First, s.rec.Last = sorted[0].Position(), sorted[len(sorted)-1].Position()
	cursor := blocks.NewCursor(s.tx, s.fresh.ID)
	plan, _, err := s.Blocks.PlanMerge(s.Sizes, cursor, s.fresh.Name, sorted, blocks.Unbounded(), &s.seq)
	if err != nil {
		return err
	}
	s.rec.Extent = format.Extent{Loose: len(plan.Put)} // there are no spans yet
	writer := &blocks.Writer{Tx: s.tx, Sizes: s.Sizes, Seq: s.seq}
	if err := writer.Write(plan); err != nil {
		return err
	}
	s.seq = writer.Seq
	return writer.Finish()
}

// record puts an entry of the log's own into the project that begins anew.
func (s *Step) record(e *audit.Entry) error {
	s.commit = s.Commits.Begin(s.tx)
	if err := s.commit.Record(s.fresh, e); err != nil {
		return err
	}
	return s.commit.Finish()
}

// Done reports whether nothing of the project is left but what outlives the purge.
func (s *Step) Done() bool { return s.rec.State == audit.Purged }

// Apply brings the memory to the state of the step, but for the commit of the last one, which it
// returns. The caller holds State.Mu.
func (s *Step) Apply() *commit.Writer {
	mem, was := s.Memory, s.p.Rec
	s.p.Rec = s.rec
	mem.BlockSeq = s.seq
	if s.fresh == nil {
		return nil
	}
	mem.Projects[s.fresh.Name] = s.fresh
	delete(mem.ByID, s.p.ID)
	delete(mem.Purging, s.p)
	mem.Purges++
	mem.Keys.Purged(s.p.ID, &was.Keys)
	mem.Sealer.Gone(s.p)
	mem.ByID[s.fresh.ID] = s.fresh
	mem.Meter.Forget(s.fresh.Name)
	return s.commit
}

// searches deletes the searches that were saved for the project. There are not so many that it
// would take a step of its own.
func (s *Step) searches() error {
	from := []byte(audit.SearchesFor(s.p.Name))
	to := append(from[:len(from)-1:len(from)-1], from[len(from)-1]+1)
	if _, err := s.tx.Bucket(format.Searches).DeleteRange(from, to, math.MaxInt); err != nil {
		return fmt.Errorf("delete searches: %w", err)
	}
	return nil
}
