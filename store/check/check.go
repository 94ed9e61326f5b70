package check

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"auditlog/audit"
	"auditlog/proof"
	"auditlog/store/block"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/sequence"
)

// Summary says what a check has read.
type Summary struct {
	Projects int
	Blocks   int
	// Entries counts those that are there, tail included, Purged those that are not.
	Entries, Purged int64
	// Problems counts what was reported.
	Problems int
}

// Options say how a database is checked. Sizes and Report are required.
type Options struct {
	// Sizes are those that its blocks were written with.
	Sizes *blocks.Sizes
	// Others says that somebody may write to the database meanwhile.
	Others bool
	// Report is called with everything that is not as it has to be.
	Report func(problem string)
	// Progress is told now and then how much of the check is done, from 0 to 1. Default: nobody.
	Progress func(float64)
	// Step is how long the check sees one state of the database at least, before it goes on with the newest:
	// until it is done with the stretch of blocks that it is at. Default 200 ms.
	Step time.Duration
}

// Run reads a whole database, and reports everything that is not as it has to be. The error is for what
// kept it from reading on.
//
// The database may be written to meanwhile, and what is freed is soon used again: the check goes by
// steps, each on a state of its own. What it holds against each other across these does not change. That is
// the project, id, seq, time and key of an entry, in whichever block it lies; so it wants those that were
// there when it began, each of them once, and of what has come since and of a project that is purged, only
// that each state agrees with itself.
//
// Where the engine finds damage, what can be read of the rest is held against each other part by part, each
// up to what is damaged of it, unless others may write.
func Run(ctx context.Context, db kv.DB, opts Options) (Summary, error) {
	if opts.Progress == nil {
		opts.Progress = func(float64) {}
	}
	if opts.Step == 0 {
		opts.Step = 200 * time.Millisecond
	}
	c := &checker{
		ctx: ctx, db: db, opts: opts,
		byID:   make(map[format.ProjectID]*project),
		now:    make(map[format.ProjectID]*project),
		orders: make(map[string][]format.Owner),
		broken: make(map[format.BlockKey]bool),

		inBlocks: make(map[format.ProjectID]*keySet),
		leaves:   make(map[format.ProjectID][]proof.Hash),
	}
	err := c.run()
	c.sum.Projects = len(c.projects)
	return c.sum, err
}

func (c *checker) run() error {
	if err := c.engine(); err != nil {
		return err
	}
	c.opts.Progress(engineShare)
	begin := []func() error{c.meta, c.tail, c.usage, c.cursors, c.strays, c.heights}
	switch {
	case c.sum.Problems == 0:
		if whole, err := c.view(begin...); err != nil || !whole {
			return err
		}
	case c.opts.Others:
		c.opts.Report("how the rest of it agrees is checked when no server runs on it")
		_, err := c.view(c.meta)
		return err
	default:
		for _, part := range begin {
			if _, err := c.view(part); err != nil {
				return err
			}
		}
	}
	for _, part := range []func() error{c.order, c.seqs, c.stretches, c.layers, c.missing, c.changes, c.small, c.keys, c.sections, c.trees, c.proofs} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// How much of the work the engine's check is, and the trees, which come last; what is between
// is mostly the blocks.
const (
	engineShare = 0.2
	treesShare  = 0.2
)

// readBlocks tells of the progress among the blocks.
func (c *checker) readBlocks() {
	if c.total > 0 {
		done := min(1, float64(c.sum.Entries)/float64(c.total))
		c.opts.Progress(engineShare + done*(1-engineShare-treesShare))
	}
}

// project is a project as its record tells of it.
type project struct {
	name string
	*format.Project
	height height
}

// checker holds one check. A problem is reported and passed over; only what makes
// going on senseless is an error.
type checker struct {
	ctx  context.Context
	db   kv.DB
	opts Options
	sum  Summary

	// What a step sees, and when it began.
	tx     kv.Tx
	begun  time.Time
	now    map[format.ProjectID]*project // see current
	all    map[format.ProjectID]*project // see here; nil until asked for
	orders map[string][]format.Owner     // decoded a moment ago
	// sequence is that of the project numbered, newestBlock the sequence of the newest block; nil until asked for.
	sequence    *sequence.Sequence
	numbered    format.ProjectID
	newestBlock *uint64

	// What was there when the check began.
	projects []*project // by name
	byID     map[format.ProjectID]*project
	total    int64 // of entries in blocks
	sealed   int64
	blockSeq uint64                            // of the newest block
	last     int64                             // the newest id
	owners   []format.Owner                    // of the tail, by id from sealed+1 on
	leaves   map[format.ProjectID][]proof.Hash // of the tail's entries that were not sealed

	seen     []uint64                     // a bit for each id that is in a block
	inBlocks map[format.ProjectID]*keySet // of sealed entries
	broken   map[format.BlockKey]bool     // blocks that were told of
	reader   *blocks.Reader
}

func (c *checker) problem(format string, args ...any) {
	if c.tx != nil && c.tx.Err() != nil {
		return // what seems to be missing since is behind what is damaged, which is told at the end
	}
	c.sum.Problems++
	c.opts.Report(fmt.Sprintf(format, args...))
}

// engine runs the engine's own check.
func (c *checker) engine() error {
	if height, lost := c.db.Lost(); lost {
		c.problem("%s is an older state than it was once: entries up to %d were acknowledged", c.db.Name(), height)
	}
	err := c.db.Check(func(err error) { c.problem("%v", err) })
	return errors.Join(err, c.ctx.Err())
}

// meta reads what everything else is held against: the projects, and how far the log has come.
func (c *checker) meta() error {
	meta := c.tx.Bucket(format.Meta)
	c.sealed, c.blockSeq = int64(format.ReadUint64(meta.Get(format.MetaSealed))), c.newest()
	if most := c.ordered(); c.sealed < 0 || c.sealed > most {
		c.problem("entries up to %d are said to be sealed, order knows of %d at most", c.sealed, most)
		c.sealed = most
	}
	last := format.ProjectID(format.ReadUint64(meta.Get(format.MetaProject)))
	for k, v := range kv.All(c.tx.Bucket(format.Projects)) {
		rec, err := format.ParseProject(k, v)
		if err != nil {
			c.problem("%v", err)
			continue
		}
		p := &project{name: string(k), Project: rec}
		if p.ID == 0 || p.ID > min(last, format.MaxProject) {
			c.problem("project %q: number %d was never given, the last is %d", p.name, p.ID, last)
		}
		if len(p.Secret) != 32 {
			c.problem("project %q: secret of %d bytes, want 32", p.name, len(p.Secret))
		}
		if other := c.byID[p.ID]; other != nil {
			c.problem("project %q: number %d is that of %q too", p.name, p.ID, other.name)
		}
		c.projects = append(c.projects, p)
		c.byID[p.ID] = p
		c.total += p.Whole().Entries
	}
	return nil
}

// ordered returns the greatest id of which the order bucket can tell.
func (c *checker) ordered() int64 {
	k, _ := c.tx.Bucket(format.Order).Cursor().Last()
	if k == nil {
		return 0
	}
	return (int64(format.ReadUint64(k)&math.MaxInt32)+1)*format.OrderRow - 1
}

// tail checks that the rows of the tail follow each other and what is sealed, and belong to
// projects, whose seqs follow each other.
func (c *checker) tail() error {
	c.last = c.sealed
	newest := make(map[format.ProjectID]int64)
	for k, v := range kv.All(c.tx.Bucket(format.Tail)) {
		first := int64(format.ReadUint64(k))
		if first != c.last+1 {
			c.problem("tail row %x: follows entry %d", k, c.last)
		}
		c.last = first - 1
		err := format.DecodeTailRow(first, v, func(id format.ProjectID, e *audit.Entry, _ string, _ int) error {
			c.last = e.ID
			p := c.byID[id]
			if p == nil {
				c.problem("tail row %d: entry %d is in project %d, which is not there", first, e.ID, id)
			} else if was := newest[id]; was > 0 && e.Seq != was+1 || was == 0 && e.Seq > p.Seq+1 {
				c.problem("tail row %d: entry %d has seq %d, behind %d", first, e.ID, e.Seq, max(was, p.Seq))
			}
			newest[id] = e.Seq
			for int64(len(c.owners)) < e.ID-c.sealed {
				c.owners = append(c.owners, format.Owner{})
			}
			if 0 < e.ID-c.sealed {
				c.owners[e.ID-c.sealed-1] = format.Owner{Project: id, Seq: e.Seq}
			}
			if p != nil {
				c.keepLeaf(p, e)
			}
			if p == nil || !p.Sealed(e.Seq, e.Position()) {
				c.sum.Entries++ // those that are sealed are in blocks, too
			}
			return nil
		})
		if err != nil {
			c.problem("%v", err)
		}
	}
	c.seen = make([]uint64, max(c.sealed, c.last)/64+1)
	return c.ctx.Err()
}

// inTail returns the owner of an id of the tail, and whether there is one.
func (c *checker) inTail(id int64) (format.Owner, bool) {
	if i := id - c.sealed - 1; 0 <= i && i < int64(len(c.owners)) {
		return c.owners[i], true
	}
	return format.Owner{}, false
}

// changes checks that followers are told of no block that is not there.
func (c *checker) changes() error {
	return c.rows(format.Changes, format.Uint64(c.blockSeq+1), func(k, v []byte, again bool) {
		if again {
			return
		}
		change, err := format.ParseChange(k, v)
		if err != nil {
			c.problem("%v", err)
			return
		}
		data := c.tx.Bucket(format.Blocks).Get(change.Key.Append(nil))
		if !change.Deleted && (data == nil || block.SeqOf(data) != change.Seq) {
			c.problem("change %d: tells of %v, which is not there as of then", change.Seq, change.Key)
		}
	})
}

func (c *checker) small() error {
	return c.rows(format.Small, nil, func(k, _ []byte, again bool) {
		if !again && c.tx.Bucket(format.Blocks).Get(k) == nil {
			c.problem("small block %x: is not there", k)
		}
	})
}

// usage checks that what projects and tokens have used can be read, and is that of projects
// that are there.
func (c *checker) usage() error {
	for k, v := range kv.All(c.tx.Bucket(format.Usages)) {
		id, token, err := format.ParseUsageKey(k)
		if err == nil {
			_, err = format.DecodeUsage(k, v)
		}
		switch {
		case err != nil:
			c.problem("%v", err)
		case token == "" && c.byID[id] == nil:
			c.problem("usage %x: belongs to no project", k)
		}
	}
	return c.ctx.Err()
}

// cursors checks that followers' cursors can be read and lead to no entry that is yet to
// come.
func (c *checker) cursors() error {
	for k, v := range kv.All(c.tx.Bucket(format.Cursors)) {
		if at, err := format.DecodeCursor(k, v); err != nil {
			c.problem("%v", err)
		} else if at > c.last {
			c.problem("cursor %q: is at %d, the newest entry is %d", k, at, c.last)
		}
	}
	return nil
}
