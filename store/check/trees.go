package check

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"

	"auditlog/audit"
	"auditlog/proof"
	"auditlog/proof/evidence"
	"auditlog/store/blocks"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/trees"
)

// treeCache is how much of opened blocks is kept while entries are read by seq, in bytes.
const treeCache = 16 << 20

// height is what is kept of a project's tree: that of the newest head, and how many tiles are hashed.
type height struct {
	head   format.TreeState
	hashed int64
}

// heights reads how far the trees of the projects have come.
func (c *checker) heights() error {
	for _, p := range c.projects {
		if p.State == audit.Purging {
			continue // it has none
		}
		hashed, err := trees.Hashed(c.tx, p.ID)
		head, err2 := trees.HeadOf(c.tx, p.ID)
		if err := errors.Join(err, err2); err != nil {
			c.problem("project %q: %v", p.name, err)
			continue
		}
		if have := p.Seq + int64(len(c.leaves[p.ID])) - p.Base + 1; max(hashed*proof.TileWidth, head.Size) > have || head.Size/proof.TileWidth > hashed {
			c.problem("project %q: its head is of %d entries and %d tiles are hashed, and it has %d entries", p.name, head.Size, hashed, have)
			hashed, head.Size = min(hashed, have/proof.TileWidth), min(head.Size, have)
		}
		p.height = height{head, hashed}
	}
	return c.ctx.Err()
}

// trees computes every tree again from the entries, and wants what is kept of it, and what was
// signed, to be that.
func (c *checker) trees() error {
	c.reader = blocks.NewReader(c.db.Name(), treeCache)
	var g *grower
	return c.perProject(func(p, now *project) (more bool, err error) {
		if now.State == audit.Purging || len(now.Lost) > 0 {
			return false, nil // it has none
		}
		if g == nil || g.p != p {
			g = newGrower(c, p)
		}
		if more, err = g.grow(now); err != nil && c.ctx.Err() == nil {
			c.problem("project %q: %v", p.name, err)
			return false, nil
		}
		return more, err
	})
}

// proofs checks what is above the leaves of the trees, and what was signed.
func (c *checker) proofs() error {
	_, err := c.view(func() error {
		if err := c.tiles(); err != nil {
			return err
		}
		c.heads()
		c.certificates()
		return c.ctx.Err()
	})
	return err
}

func leafOf(s *proof.Salter, e *audit.Entry) proof.Hash {
	return proof.LeafHash(proof.Commit(s.Salt(e.Seq), e.AppendJSON(nil)))
}

// keepLeaf keeps the hash of an entry of the tail, which tree asks for.
func (c *checker) keepLeaf(p *project, e *audit.Entry) {
	if e.Seq > p.Seq {
		e.Project = p.name
		c.leaves[p.ID] = append(c.leaves[p.ID], leafOf(proof.NewSalter(p.Secret), e))
	}
}

// grower grows one tree, and compares it on its way.
type grower struct {
	height
	c     *checker
	p     *project
	stack proof.Stack
	tile  []proof.Hash
	seq   int64 // of the entry that was added last
	last  int64 // of the last that is to be
}

func newGrower(c *checker, p *project) *grower {
	size := max(p.height.hashed*proof.TileWidth, p.height.head.Size)
	return &grower{height: p.height, c: c, p: p, seq: p.Base - 1, last: p.Base + size - 1}
}

// grow adds what a step has time for. more is set where that was not all.
func (g *grower) grow(now *project) (more bool, err error) {
	salter := proof.NewSalter(g.p.Secret)
	for sealed := min(g.last, g.p.Seq); g.seq < sealed; {
		var holes blocks.Holes
		entries, _, err := g.c.reader.AfterSeq(g.c.ctx, g.c.tx, now.Project, g.p.name, g.seq, sealed, 1000, &holes)
		if err = cmp.Or(err, holes.Err); err != nil {
			return false, err
		}
		if len(entries) == 0 {
			return false, fmt.Errorf("%w: seq %d is missing", format.ErrCorrupt, g.seq+1)
		}
		for _, e := range entries {
			g.seq++
			g.add(leafOf(salter, e))
		}
		if g.c.spent() && g.seq < sealed {
			return true, nil
		}
	}
	for i, h := range g.c.leaves[g.p.ID] {
		if g.p.Seq+int64(i) < g.last {
			g.add(h)
		}
	}
	return false, nil
}

func (g *grower) add(h proof.Hash) {
	g.stack.Add(h)
	if g.stack.Size() == g.head.Size && g.stack.Root() != g.head.Root {
		g.c.problem("project %q: its first %d entries are not those of the newest head: one was changed, removed or added", g.p.name, g.head.Size)
	}
	if g.tile = append(g.tile, h); len(g.tile) < proof.TileWidth {
		return
	}
	n := g.stack.Size()/proof.TileWidth - 1
	if n < g.hashed && g.c.node(g.p.ID, 1, n) != proof.Perfect(g.tile) {
		first := g.p.Base + n*proof.TileWidth
		g.c.problem("project %q: entries of seqs %d to %d are not what was hashed: one was changed, removed or added", g.p.name, first, first+proof.TileWidth-1)
	}
	g.tile = g.tile[:0]
}

// node returns a hash of a tile above the leaves, a zero one where that cannot be read.
func (c *checker) node(p format.ProjectID, level int, n int64) proof.Hash {
	key := format.TileKey(p, level, n/proof.TileWidth)
	tile, err := format.DecodeTile(key, c.tx.Bucket(format.Tiles).Get(key))
	if err != nil || int(n%proof.TileWidth) >= len(tile) {
		return proof.Hash{}
	}
	return tile[n%proof.TileWidth]
}

// tiles checks that tiles are those of trees, follow each other, and are over those below them.
func (c *checker) tiles() error {
	var before []byte
	full := true
	for k, v := range kv.All(c.tx.Bucket(format.Tiles)) {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		id, level, n, err := format.ParseTileKey(k)
		var tile []proof.Hash
		if err == nil {
			tile, err = format.DecodeTile(k, v)
		}
		if err != nil {
			c.problem("%v", err)
			continue
		}
		if c.here()[id] == nil && id != format.MasterTree {
			c.problem("tile %x: belongs to no project", k)
		}
		if n > 0 && (!bytes.Equal(before, format.TileKey(id, level, n-1)) || !full) {
			c.problem("tile %x: follows tile %x", k, before)
		}
		before, full = bytes.Clone(k), len(tile) == proof.TileWidth
		c.above(id, level, n, tile)
	}
	return nil
}

// above checks the hashes of a tile against the tiles that they are over.
func (c *checker) above(id format.ProjectID, level int, n int64, tile []proof.Hash) {
	if level > 1 {
		for i, h := range tile {
			key := format.TileKey(id, level-1, n*proof.TileWidth+int64(i))
			below, err := format.DecodeTile(key, c.tx.Bucket(format.Tiles).Get(key))
			if err != nil || len(below) != proof.TileWidth || proof.Perfect(below) != h {
				c.problem("tile %x is not what hash %d of level %d is over", key, n*proof.TileWidth+int64(i), level)
			}
		}
	}
	if len(tile) == proof.TileWidth && c.node(id, level+1, n) != proof.Perfect(tile) {
		c.problem("tile %d of level %d of project %d is not in the level above", n, level, id)
	}
}

// heads checks the master log, and that its newest head is over the checkpoints of the projects.
func (c *checker) heads() {
	m, err := trees.OpenMaster(c.tx)
	if err != nil {
		c.problem("%v", err)
		return
	}
	leaves := make(proof.Leaves, 0, min(m.Size, 1<<20))
	var newest []byte
	for k, v := range kv.All(c.tx.Bucket(format.Master)) {
		text, err := format.DecodeText(k, v)
		if err != nil || len(k) != 8 || int64(binary.BigEndian.Uint64(k)) != int64(len(leaves)) {
			c.problem("master log: leaf %x is not leaf %d: %v", k, len(leaves), err)
			return
		}
		leaves, newest = append(leaves, proof.MasterHash(text)), text
	}
	if int64(len(leaves)) != m.Size {
		c.problem("master log: has %d leaves, it is said to have %d", len(leaves), m.Size)
		return
	}
	if m.Size > 0 {
		c.master(m, leaves)
		c.newestHead(m, newest)
	}
}

// master checks the master log's tiles, and its checkpoint.
func (c *checker) master(m *trees.Master, leaves proof.Leaves) {
	for n := range m.Size / proof.TileWidth {
		if c.node(format.MasterTree, 1, n) != proof.Perfect(leaves[n*proof.TileWidth:(n+1)*proof.TileWidth]) {
			c.problem("master log: leaves from %d on are not what was hashed", n*proof.TileWidth)
		}
	}
	root, err := proof.NewTree(m.Size, leaves).Root()
	if err != nil {
		c.problem("master log: %v", err)
		return
	}
	for i := range m.Rotations {
		if err := m.Rotations[i].Check(proof.LogOrigin(m.Lineage)); err != nil {
			c.problem("master log: %v", err)
		}
	}
	got, err := proof.OpenCheckpoint(m.Checkpoint(), m.Keys[len(m.Keys)-1])
	if want := (proof.Checkpoint{Origin: proof.LogOrigin(m.Lineage), Size: m.Size, Root: root}); err != nil || got != want {
		c.problem("master log: its checkpoint is %+v, want %+v: %v", got, want, err)
	}
}

// newestHead checks the newest head.
func (c *checker) newestHead(m *trees.Master, text []byte) {
	head, err := proof.ParseHead(string(text))
	if err != nil {
		c.problem("master log: its newest leaf: %v", err)
		return
	}
	var hashes []proof.Hash
	err = trees.Heads(c.tx, func(id format.ProjectID, t format.TreeState) error {
		p := c.here()[id]
		if p == nil {
			return fmt.Errorf("a head of project %d, which is not there", id)
		}
		origin := proof.ProjectOrigin(proof.LogOrigin(m.Lineage), p.name, p.Incarnation)
		hashes = append(hashes, proof.CheckpointHash(proof.Checkpoint{Origin: origin, Size: t.Size, Root: t.Root}))
		return nil
	})
	if err != nil {
		c.problem("heads: %v", err)
		return
	}
	leaves, _ := proof.HeadTree(hashes, m.Secret, head.Number)
	if root, err := proof.NewTree(int64(len(leaves)), leaves).Root(); err != nil || root != head.Root && !m.Stale {
		c.problem("master log: its newest head is not over the trees of the projects: %v", err)
	}
}

// certificates checks that each still proves what it is of.
func (c *checker) certificates() {
	for k, v := range kv.All(c.tx.Bucket(format.Certificates)) {
		bundle, err := format.DecodeText(k, v)
		if err == nil {
			_, err = evidence.Verify(bytes.NewReader(bundle), &evidence.Policy{}, func(*audit.Entry) error { return nil })
		}
		if err != nil {
			c.problem("certificate %q: %v", k, err)
		}
	}
}
