package check

import (
	"auditlog/audit"
	"auditlog/store/block"
	"auditlog/store/blocks"
	"auditlog/store/format"
)

// stretch is a range of positions of a project, with the blocks of all its layers that are in it: an entry may
// be moved to another block, and to another layer, but not to another stretch.
type stretch struct {
	from, to *audit.Position // nil: there is no bound
}

// holds reports whether a position is in the stretch.
func (s *stretch) holds(p audit.Position) bool {
	return (s.from == nil || p.Compare(*s.from) >= 0) && (s.to == nil || p.Compare(*s.to) < 0)
}

// stretches checks every block by itself, and every entry in it against what leads to it.
func (c *checker) stretches() error {
	var s stretch
	err := c.perProject(func(p, now *project) (more bool, err error) {
		if s.to, err = c.end(p, s.from); err == nil {
			err = c.stretch(p, now, &s)
		}
		if err != nil {
			c.problem("project %q: %v", p.name, err)
			s.to = nil
		}
		s.from = s.to
		c.readBlocks()
		return s.from != nil, nil
	})
	if err == nil {
		c.opts.Progress(1 - treesShare)
	}
	return err
}

// end returns where the stretch of a project ends that begins somewhere: behind as many blocks of its
// first layer as are in a span.
func (c *checker) end(p *project, from *audit.Position) (*audit.Position, error) {
	cursor := blocks.NewCursor(c.tx, p.ID)
	var ok bool
	var err error
	if from == nil {
		ok, err = cursor.First()
	} else {
		ok, err = cursor.From(*from)
	}
	for n := c.opts.Sizes.Span; ok && err == nil && n > 0; n-- {
		ok, err = cursor.Next()
	}
	if !ok || err != nil {
		return nil, err
	}
	return &cursor.Key.Position, nil
}

// stretch checks the blocks of a project in a stretch.
func (c *checker) stretch(p, now *project, s *stretch) error {
	ids := []format.ProjectID{p.ID}
	for i := range now.Late {
		ids = append(ids, format.LayerID(p.ID, now.Late[i].Number))
	}
	for _, id := range ids {
		cursor := blocks.NewCursor(c.tx, id)
		var ok bool
		var err error
		if s.from == nil {
			ok, err = cursor.First()
		} else {
			ok, err = cursor.Reach(*s.from)
		}
		for ; ok && err == nil && (s.to == nil || cursor.Key.Compare(*s.to) < 0); ok, err = cursor.Next() {
			if err := c.ctx.Err(); err != nil {
				return err
			}
			c.block(p, now, s, cursor.Key, cursor.Value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// block checks a block, and those of its entries that are in the stretch.
func (c *checker) block(p, now *project, s *stretch, key format.BlockKey, v []byte) {
	b, err := block.Open(v)
	var entries []*audit.Entry
	if err == nil {
		entries, err = b.Entries(p.name)
	}
	if err != nil {
		if !c.broken[key] { // a stretch before may have begun with it
			c.broken[key] = true
			c.problem("%v of %s: %v", key, c.db.Name(), err)
		}
		return
	}
	if s.holds(key.Position) {
		c.sum.Blocks++
		if b.First() != key.Position {
			c.problem("%v: begins at %v", key, b.First())
		}
		if newest := c.newest(); b.Seq() > newest {
			c.problem("%v: has sequence %d, the newest is %d", key, b.Seq(), newest)
		}
		c.marks(key, b)
		if now.State != audit.Purging {
			c.spanned(key, b)
		}
	}
	c.entries(p, now, s, key, entries)
}

// newest returns the sequence of the newest block.
func (c *checker) newest() uint64 {
	if c.newestBlock == nil {
		newest := format.ReadUint64(c.tx.Bucket(format.Meta).Get(format.MetaBlockSeq))
		c.newestBlock = &newest
	}
	return *c.newestBlock
}

// marks checks that followers are told of b, or that it is marked as small, which it then is.
func (c *checker) marks(key format.BlockKey, b *block.Block) {
	change, err := format.ParseChange(format.Uint64(b.Seq()), c.tx.Bucket(format.Changes).Get(format.Uint64(b.Seq())))
	told := err == nil && change.Key == key && !change.Deleted
	mark := c.tx.Bucket(format.Small).Get(key.Append(nil))
	if small := mark != nil; told == small || small && c.opts.Sizes.Indexable(b) {
		c.problem("%v of %d rows: is told of: %t, is marked as small: %t", key, b.Rows(), told, small)
	}
	if len(mark) > 0 && format.ReadUint64(mark) != b.Seq() {
		c.problem("%v: has sequence %d, its mark %x", key, b.Seq(), mark)
	}
}

// spanned checks that a block that lies in a span has its values in there.
func (c *checker) spanned(key format.BlockKey, b *block.Block) {
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

// entries checks the entries of a block that are in a stretch. Of one that has come since the check began it is
// only wanted that its project's record knows that it is in a block.
func (c *checker) entries(p, now *project, s *stretch, key format.BlockKey, entries []*audit.Entry) {
	for i, e := range entries {
		at := e.Position()
		if !s.holds(at) {
			continue
		}
		if i > 0 && blocks.ByPosition(entries[i-1], e) >= 0 {
			c.problem("%v: entry %d is not behind entry %d", key, e.ID, entries[i-1].ID)
		}
		if !now.Sealed(e.Seq, at) {
			c.problem("%v: holds entry %d of seq %d, the project's are sealed up to %d", key, e.ID, e.Seq, now.Seq)
		}
		if !p.Sealed(e.Seq, at) {
			continue
		}
		if _, inTail := c.inTail(e.ID); e.ID < 1 || e.ID > c.sealed && !inTail {
			c.problem("%v: holds entry %d, sealed is up to %d", key, e.ID, c.sealed)
			continue
		}
		if c.seen[e.ID/64]>>(e.ID%64)&1 != 0 {
			c.problem("%v: entry %d is in another block too", key, e.ID)
		}
		c.seen[e.ID/64] |= 1 << (e.ID % 64)
		c.sum.Entries++
		if p.State != audit.Purging && now.State != audit.Purging {
			c.place(now, key, e)
		}
		c.keyed(p, e)
	}
}
