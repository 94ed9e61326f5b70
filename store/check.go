package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"auditlog/audit"
	"auditlog/fulltext"
	"auditlog/store/block"
	"auditlog/store/kv"
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

// Check checks the store in folder dir, which no process may have open for
// writing: see Store.Check.
func Check(ctx context.Context, dir string, report func(problem string)) (Summary, error) {
	s, err := OpenReadOnly(dir)
	if errors.Is(err, errCorrupt) || errors.Is(err, kv.ErrDamaged) {
		report(err.Error())
		return Summary{Problems: 1}, nil
	}
	if err != nil {
		return Summary{}, err
	}
	defer s.Close()
	return s.Check(ctx, report)
}

// Check reads the whole database and calls report with everything that is not as
// it has to be. The error is for what kept it from reading on. Nothing is written
// meanwhile.
func (s *Store) Check(ctx context.Context, report func(problem string)) (Summary, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	c := &checker{ctx: ctx, s: s, report: report, orders: make(map[string][]owner)}
	err := s.read(func(tx kv.Tx) error {
		c.tx = tx
		for _, part := range []func() error{c.engine, c.meta, c.order, c.seqs, c.blocks, c.changes, c.small, c.keys, c.spans} {
			if err := part(); err != nil {
				return err
			}
		}
		return nil
	})
	c.sum.Projects = len(s.projects)
	c.sum.Entries += int64(len(s.recent.entries))
	return c.sum, err
}

// checker holds one check. A problem is reported and passed over; only what makes
// going on senseless is an error.
type checker struct {
	ctx      context.Context
	s        *Store
	tx       kv.Tx
	report   func(string)
	sum      Summary
	sealed   int64
	seen     []uint64           // a bit for each id that is in a block
	keyed    int                // sealed entries with a key
	orders   map[string][]owner // decoded a moment ago
	sequence *sequence          // of the project at hand
}

func (c *checker) problem(format string, args ...any) {
	c.sum.Problems++
	c.report(fmt.Sprintf(format, args...))
}

// engine runs the engine's own check.
func (c *checker) engine() error {
	err := c.s.db.Check(func(err error) { c.problem("database: %v", err) })
	return errors.Join(err, c.ctx.Err())
}

func (c *checker) meta() error {
	meta := c.tx.Bucket(bucketMeta)
	c.sealed = int64(getU64(meta.Get(metaSealed)))
	c.seen = make([]uint64, c.sealed/64+1)
	last := ProjectID(getU64(meta.Get(metaProject)))
	for _, p := range c.s.projects {
		if p.id == 0 || p.id > last {
			c.problem("project %q: number %d was never given, the last is %d", p.name, p.id, last)
		}
		if len(p.rec.Secret) != 32 {
			c.problem("project %q: secret of %d bytes, want 32", p.name, len(p.rec.Secret))
		}
		if c.s.byID[p.id] != p {
			c.problem("project %q: number %d is another project's too", p.name, p.id)
		}
	}
	return nil
}

// blocks checks every block by itself, with its neighbour, and against the order.
func (c *checker) blocks() error {
	counts := make(map[ProjectID]*projectRecord)
	var before BlockKey
	var end audit.Position
	for k, v := range kv.All(c.tx.Bucket(bucketBlocks)) {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		c.sum.Blocks++
		key, b, entries := c.decode(k, v)
		if b == nil {
			continue
		}
		if key.Project == before.Project && end.Compare(key.Position) >= 0 {
			c.problem("%v: begins before %v ends", key, before)
		}
		before, end = key, b.Last()
		if b.Seq() > c.s.blockSeq {
			c.problem("%v: has sequence %d, the newest is %d", key, b.Seq(), c.s.blockSeq)
		}
		c.marks(key, b)
		rec := counts[key.Project]
		if rec == nil {
			rec = &projectRecord{First: b.First()}
			counts[key.Project] = rec
		}
		rec.Last = b.Last()
		rec.Entries += int64(len(entries))
		c.entries(key, entries)
	}
	c.counts(counts)
	return nil
}

// decode opens a block and reads all of it.
func (c *checker) decode(k, v []byte) (BlockKey, *block.Block, []*audit.Entry) {
	key, err := fulltext.ParseBlockKey(k)
	if err != nil {
		c.problem("blocks: key %x: %v", k, err)
		return key, nil, nil
	}
	p := c.s.byID[key.Project]
	if p == nil {
		c.problem("%v: belongs to no project", key)
		return key, nil, nil
	}
	b, err := block.Open(v)
	if err != nil {
		c.problem("%v of %s: %v", key, c.s.db.Name(), err)
		return key, nil, nil
	}
	entries, err := b.Entries(p.name)
	if err != nil {
		c.problem("%v of %s: %v", key, c.s.db.Name(), err)
		return key, nil, nil
	}
	if b.First() != key.Position {
		c.problem("%v: begins at %v", key, b.First())
	}
	return key, b, entries
}

// marks checks that followers are told of b, or that it is marked as small.
func (c *checker) marks(key BlockKey, b *block.Block) {
	change, err := parseChange(u64(b.Seq()), c.tx.Bucket(bucketChanges).Get(u64(b.Seq())))
	told := err == nil && change.Key == key && !change.Deleted
	small := c.tx.Bucket(bucketSmall).Get(key.Append(nil)) != nil
	if indexable := c.s.opts.sizes.indexable(b); told != indexable || small == indexable {
		c.problem("%v of %d rows: is told of: %t, is marked as small: %t", key, b.Rows(), told, small)
	}
}

func (c *checker) entries(key BlockKey, entries []*audit.Entry) {
	for i, e := range entries {
		if i > 0 && byPosition(entries[i-1], e) >= 0 {
			c.problem("%v: entry %d is not behind entry %d", key, e.ID, entries[i-1].ID)
		}
		if e.ID < 1 || e.ID > c.sealed {
			c.problem("%v: holds entry %d, sealed is up to %d", key, e.ID, c.sealed)
			continue
		}
		if c.seen[e.ID/64]>>(e.ID%64)&1 != 0 {
			c.problem("%v: entry %d is in another block too", key, e.ID)
		}
		c.seen[e.ID/64] |= 1 << (e.ID % 64)
		c.place(key, e)
		c.key(key, e)
	}
	c.sum.Entries += int64(len(entries))
}

// key checks that the entry's idempotency key is known.
func (c *checker) key(key BlockKey, e *audit.Entry) {
	if e.Key == "" || c.s.byID[key.Project].rec.State == audit.Purging {
		return
	}
	c.keyed++
	if id, _ := keyOwner(c.tx, key.Project, e.Key); id != e.ID {
		c.problem("%v: key of entry %d leads to entry %d", key, e.ID, id)
	}
}

// counts compares what the blocks hold with what the projects say, and the
// number of ids with the number of entries.
func (c *checker) counts(counts map[ProjectID]*projectRecord) {
	for _, p := range c.s.projects {
		got := counts[p.id]
		if got == nil {
			got = &projectRecord{}
		}
		if p.rec.State == audit.Purging {
			continue
		}
		if got.Entries != p.rec.Entries || got.Entries > 0 && (got.First != p.rec.First || got.Last != p.rec.Last) {
			c.problem("project %q: %d entries from %v to %v in blocks, its record says %d from %v to %v", p.name,
				got.Entries, got.First, got.Last, p.rec.Entries, p.rec.First, p.rec.Last)
		}
	}
	purging := c.purging()
	for id := int64(1); id <= c.sealed; id++ {
		if c.seen[id/64]>>(id%64)&1 == 0 && !purging {
			o, err := ownerOf(c.tx, id)
			if err == nil && o.project != 0 {
				c.problem("entry %d: should be in project %d and is in no block", id, o.project)
			}
		}
	}
}

func (c *checker) purging() bool {
	for _, p := range c.s.projects {
		if p.rec.State == audit.Purging {
			return true
		}
	}
	return false
}

// changes checks that followers are told of no block that is not there.
func (c *checker) changes() error {
	for k, v := range kv.All(c.tx.Bucket(bucketChanges)) {
		change, err := parseChange(k, v)
		if err != nil {
			c.problem("%v", err)
			continue
		}
		data := c.tx.Bucket(bucketBlocks).Get(change.Key.Append(nil))
		if !change.Deleted && (data == nil || block.SeqOf(data) != change.Seq) {
			c.problem("change %d: tells of %v, which is not there as of then", change.Seq, change.Key)
		}
	}
	return nil
}

func (c *checker) small() error {
	blocks := c.tx.Bucket(bucketBlocks)
	for k := range kv.All(c.tx.Bucket(bucketSmall)) {
		if blocks.Get(k) == nil {
			c.problem("small block %x: is not there", k)
		}
	}
	return nil
}

// keys checks that there are as many idempotency keys as entries that have one.
func (c *checker) keys() error {
	n := 0
	for k, v := range kv.All(c.tx.Bucket(bucketKeys)) {
		if _, n := binary.Uvarint(v); len(k) <= 4 || n != len(v) {
			c.problem("key %x: %v", k, errCorrupt)
			continue
		}
		p := c.s.byID[ProjectID(binary.BigEndian.Uint32(k))]
		if p == nil {
			c.problem("key %x: belongs to no project", k)
		} else if p.rec.State == audit.Purging {
			continue
		}
		n++
	}
	if n != c.keyed {
		c.problem("keys: %d are known, %d entries in blocks have one", n, c.keyed)
	}
	return nil
}

// spans checks that every block that lies in a span has its values in there, and
// that the projects know where their spans end.
func (c *checker) spans() error {
	for _, p := range c.s.projects {
		if p.rec.State == audit.Purging {
			continue
		}
		loose := 0
		cursor := newBlockCursor(c.tx, p.id)
		ok, err := cursor.first()
		for ; ok && err == nil; ok, err = cursor.next() {
			if p.rec.loose(cursor.key.Position) {
				loose++
			}
			c.spanned(cursor.key, cursor.value)
			if err := c.ctx.Err(); err != nil {
				return err
			}
		}
		if err != nil {
			c.problem("project %q: %v", p.name, err)
		}
		if loose != p.rec.Loose {
			c.problem("project %q: %d blocks behind its spans, its record says %d", p.name, loose, p.rec.Loose)
		}
	}
	return nil
}

func (c *checker) spanned(key BlockKey, value []byte) {
	b, err := block.Open(value)
	if err != nil {
		return // reported by blocks
	}
	for _, f := range spanFields() {
		_, v, err := spanAt(c.tx, key.Project, f, key.Position)
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
		n := v.number(key.Position)
		for _, h := range hashes {
			if v.blocks([]uint32{h})>>n&1 == 0 {
				c.problem("%v: its span does not know a value of field %d", key, f)
				return
			}
		}
	}
}
