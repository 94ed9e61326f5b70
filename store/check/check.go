package check

import (
	"context"
	"errors"
	"fmt"
	"math"

	"auditlog/audit"
	"auditlog/fulltext"
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

// Run reads a whole database and calls report with everything that is not as it has to be.
// The error is for what kept it from reading on. z are the sizes that its blocks were
// written with.
//
// Everything is read in one state of the database, so it may be written to meanwhile. Only
// where the engine finds damage, what can be read of the rest is held against each other
// part by part, each up to what is damaged of it: nobody may write then for that to be true,
// and with others set, somebody may.
//
// progress is told now and then how much of it is done, from 0 to 1; nil where nobody asks.
func Run(ctx context.Context, db kv.DB, z *blocks.Sizes, others bool, report func(problem string), progress func(float64)) (Summary, error) {
	if progress == nil {
		progress = func(float64) {}
	}
	c := &checker{
		ctx: ctx, db: db, sizes: z, report: report, progress: progress,
		byID:   make(map[format.ProjectID]*project),
		orders: make(map[string][]format.Owner),

		inBlocks: make(map[format.ProjectID]*keySet),
		leaves:   make(map[format.ProjectID][]proof.Hash),
	}
	err := c.run(others)
	c.sum.Projects = len(c.projects)
	return c.sum, err
}

func (c *checker) run(others bool) error {
	if err := c.engine(); err != nil {
		return err
	}
	c.progress(engineShare)
	parts := []func() error{
		c.meta, c.order, c.seqs, c.tail, c.blocks, c.changes, c.small, c.keys, c.spans, c.sections, c.usage, c.cursors, c.trees,
	}
	if c.sum.Problems == 0 {
		return c.together(parts...)
	}
	if others {
		c.report("how the rest of it agrees is checked when no server runs on it")
		parts = []func() error{c.meta}
	}
	for _, part := range parts {
		if err := c.together(part); err != nil {
			return err
		}
	}
	return nil
}

// together runs parts of the check on one state of the database, up to what is damaged there.
func (c *checker) together(parts ...func() error) error {
	err := c.db.View(func(tx kv.Tx) error {
		c.tx, c.sequence = tx, nil
		clear(c.orders)
		for i, part := range parts {
			if err := part(); err != nil || tx.Err() != nil {
				return err
			}
			if i > 0 && i+1 == len(parts)-1 {
				c.progress(1 - treesShare)
			}
		}
		return nil
	})
	c.tx = nil
	if errors.Is(err, kv.ErrDamaged) || errors.Is(err, format.ErrCorrupt) {
		c.problem("%v", err)
		return nil
	}
	return err
}

// How much of the work the engine's check is, and the trees, which comes last; what is between
// is mostly the blocks.
const (
	engineShare = 0.2
	treesShare  = 0.2
)

// readBlocks tells of the progress among the blocks.
func (c *checker) readBlocks() {
	total := int64(0)
	for _, p := range c.projects {
		total += p.Entries
	}
	if total > 0 {
		done := min(1, float64(c.sum.Entries)/float64(total))
		c.progress(engineShare + done*(1-engineShare-treesShare))
	}
}

// project is a project as its record tells of it.
type project struct {
	name string
	*format.Project
}

// checker holds one check. A problem is reported and passed over; only what makes
// going on senseless is an error.
type checker struct {
	ctx    context.Context
	db     kv.DB
	sizes  *blocks.Sizes
	tx     kv.Tx
	report func(string)
	sum    Summary

	progress func(float64)

	projects []*project // by name
	byID     map[format.ProjectID]*project
	sealed   int64
	blockSeq uint64
	last     int64                        // the newest id
	owners   []format.Owner               // of the tail, by id from sealed+1 on
	seen     []uint64                     // a bit for each id that is in a block
	inBlocks map[format.ProjectID]*keySet // of sealed entries
	orders   map[string][]format.Owner    // decoded a moment ago
	sequence *sequence.Sequence           // of the project with the number numbered
	numbered format.ProjectID
	leaves   map[format.ProjectID][]proof.Hash // of the tail's entries that are not sealed
	reader   *blocks.Reader
}

func (c *checker) problem(format string, args ...any) {
	if c.tx != nil && c.tx.Err() != nil {
		return // what seems to be missing since is behind what is damaged, which is told at the end
	}
	c.sum.Problems++
	c.report(fmt.Sprintf(format, args...))
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
	c.sealed = int64(format.ReadUint64(meta.Get(format.MetaSealed)))
	c.blockSeq = format.ReadUint64(meta.Get(format.MetaBlockSeq))
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
		p := &project{string(k), rec}
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

// blocks checks every block by itself, with its neighbour, and against the order.
func (c *checker) blocks() error {
	counts := make(map[format.ProjectID]*format.Layer)
	var before format.BlockKey
	var end audit.Position
	for k, v := range kv.All(c.tx.Bucket(format.Blocks)) {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		if c.sum.Blocks++; c.sum.Blocks%256 == 0 {
			c.readBlocks()
		}
		key, b, entries := c.decode(k, v)
		if b == nil {
			continue
		}
		if key.Project == before.Project && end.Compare(key.Position) >= 0 {
			c.problem("%v: begins before %v ends", key, before)
		}
		before, end = key, b.Last()
		if b.Seq() > c.blockSeq {
			c.problem("%v: has sequence %d, the newest is %d", key, b.Seq(), c.blockSeq)
		}
		c.marks(key, b)
		l := counts[key.Project]
		if l == nil {
			l = &format.Layer{}
			counts[key.Project] = l
		}
		l.Take(len(entries), b.First(), b.Last())
		c.entries(key, entries)
	}
	c.counts(counts)
	return nil
}

// decode opens a block and reads all of it.
func (c *checker) decode(k, v []byte) (format.BlockKey, *block.Block, []*audit.Entry) {
	key, err := fulltext.ParseBlockKey(k)
	if err != nil {
		c.problem("blocks: key %x: %v", k, err)
		return key, nil, nil
	}
	p := c.ofLayer(key.Project)
	if p == nil {
		c.problem("%v: belongs to no project", key)
		return key, nil, nil
	}
	b, err := block.Open(v)
	if err != nil {
		c.problem("%v of %s: %v", key, c.db.Name(), err)
		return key, nil, nil
	}
	entries, err := b.Entries(p.name)
	if err != nil {
		c.problem("%v of %s: %v", key, c.db.Name(), err)
		return key, nil, nil
	}
	if b.First() != key.Position {
		c.problem("%v: begins at %v", key, b.First())
	}
	return key, b, entries
}

// marks checks that followers are told of b, or that it is marked as small, which it then is.
func (c *checker) marks(key format.BlockKey, b *block.Block) {
	change, err := format.ParseChange(format.Uint64(b.Seq()), c.tx.Bucket(format.Changes).Get(format.Uint64(b.Seq())))
	told := err == nil && change.Key == key && !change.Deleted
	mark := c.tx.Bucket(format.Small).Get(key.Append(nil))
	if small := mark != nil; told == small || small && c.sizes.Indexable(b) {
		c.problem("%v of %d rows: is told of: %t, is marked as small: %t", key, b.Rows(), told, small)
	}
	if len(mark) > 0 && format.ReadUint64(mark) != b.Seq() {
		c.problem("%v: has sequence %d, its mark %x", key, b.Seq(), mark)
	}
}

func (c *checker) entries(key format.BlockKey, entries []*audit.Entry) {
	for i, e := range entries {
		if i > 0 && blocks.ByPosition(entries[i-1], e) >= 0 {
			c.problem("%v: entry %d is not behind entry %d", key, e.ID, entries[i-1].ID)
		}
		if _, inTail := c.inTail(e.ID); e.ID < 1 || e.ID > c.sealed && !inTail {
			c.problem("%v: holds entry %d, sealed is up to %d", key, e.ID, c.sealed)
			continue
		}
		if p := c.ofLayer(key.Project); !p.Sealed(e.Seq, e.Position()) {
			c.problem("%v: holds entry %d of seq %d, the project's are sealed up to %d", key, e.ID, e.Seq, p.Seq)
		}
		if c.seen[e.ID/64]>>(e.ID%64)&1 != 0 {
			c.problem("%v: entry %d is in another block too", key, e.ID)
		}
		c.seen[e.ID/64] |= 1 << (e.ID % 64)
		c.place(key, e)
		c.keyed(format.ProjectOf(key.Project), e)
	}
	c.sum.Entries += int64(len(entries))
}

// counts compares what the blocks hold with what the projects say, and the
// number of ids with the number of entries.
func (c *checker) counts(counts map[format.ProjectID]*format.Layer) {
	for _, p := range c.projects {
		if p.State != audit.Purging {
			c.layers(p, counts)
		}
	}
	purging := c.purging()
	for id := int64(1); id <= max(c.sealed, c.last); id++ {
		if c.seen[id/64]>>(id%64)&1 == 0 && !purging {
			o, err := c.ownerOf(id)
			if p := c.byID[o.Project]; err == nil && o.Project != 0 && (p == nil || !p.IsLost(o.Seq)) && (id <= c.sealed || p != nil && o.Seq <= p.Seq) {
				c.problem("entry %d: should be in project %d and is in no block", id, o.Project)
			}
		}
	}
}

// ownerOf returns whose an id is, in the tail or not.
func (c *checker) ownerOf(id int64) (format.Owner, error) {
	if o, ok := c.inTail(id); ok {
		return o, nil
	}
	return blocks.OwnerOf(c.tx, id)
}

func (c *checker) purging() bool {
	for _, p := range c.projects {
		if p.State == audit.Purging {
			return true
		}
	}
	return false
}

// changes checks that followers are told of no block that is not there.
func (c *checker) changes() error {
	for k, v := range kv.All(c.tx.Bucket(format.Changes)) {
		change, err := format.ParseChange(k, v)
		if err != nil {
			c.problem("%v", err)
			continue
		}
		data := c.tx.Bucket(format.Blocks).Get(change.Key.Append(nil))
		if !change.Deleted && (data == nil || block.SeqOf(data) != change.Seq) {
			c.problem("change %d: tells of %v, which is not there as of then", change.Seq, change.Key)
		}
	}
	return nil
}

func (c *checker) small() error {
	blocks := c.tx.Bucket(format.Blocks)
	for k := range kv.All(c.tx.Bucket(format.Small)) {
		if blocks.Get(k) == nil {
			c.problem("small block %x: is not there", k)
		}
	}
	return nil
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

// spans checks that every block that lies in a span has its values in there, and
// that the projects know where their spans end.
func (c *checker) spans() error {
	for _, p := range c.projects {
		if p.State == audit.Purging {
			continue
		}
		for id, l := range p.Layers() {
			c.spannedLayer(p, id, l)
			if err := c.ctx.Err(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *checker) spanned(key format.BlockKey, value []byte) {
	b, err := block.Open(value)
	if err != nil {
		return // reported by blocks
	}
	for _, f := range format.SpanFields() {
		_, v, err := blocks.SpanAt(c.tx, key.Project, f, key.Position)
		if err != nil {
			c.problem("%v", err)
			return
		}
		if v == nil {
			return
		}
		hashes, err := b.Hashes(f)
		if err != nil {
			return
		}
		n := v.Number(key.Position)
		for _, h := range hashes {
			if v.Blocks([]uint32{h})>>n&1 == 0 {
				c.problem("%v: its span does not know a value of field %d", key, f)
				return
			}
		}
	}
}
