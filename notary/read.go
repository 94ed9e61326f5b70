package notary

import (
	"bytes"
	"context"

	"auditlog/audit"
	"auditlog/proof"
	"auditlog/store/kv"
	"auditlog/store/trees"
)

// Checkpoint returns the newest checkpoint of the master log, a signed note. It returns NotFound
// where there is none yet.
func (n *Notary) Checkpoint() (signed []byte, err error) {
	err = n.log.View(func(tx kv.Tx) error {
		m, err := n.master(tx)
		if err == nil {
			signed = bytes.Clone(m.Checkpoint())
		}
		return err
	})
	return signed, err
}

// master returns the master log of the log as it is.
func (n *Notary) master(tx kv.Tx) (*trees.Master, error) {
	m, err := trees.OpenMaster(tx)
	if err != nil {
		return nil, err
	}
	if m.Lineage != n.log.Lineage().String() {
		return nil, audit.Errorf(audit.NotFound, "there is no checkpoint yet: nothing was recorded, or only a moment ago")
	}
	return m, nil
}

// MasterTile returns a tile of the master log, as tlog-tiles has it.
func (n *Notary) MasterTile(p proof.TilePath) (tile []byte, err error) {
	err = n.log.View(func(tx kv.Tx) error {
		tile = nil
		m, err := n.master(tx)
		if err != nil {
			return err
		}
		if err := within(p, m.Size); err != nil {
			return err
		}
		if p.Level >= 0 {
			tile, err = tileOf(m.Tiles(), p)
			return err
		}
		for i := range p.Width() {
			text, err := m.Leaf(p.N*proof.TileWidth + int64(i))
			if err != nil {
				return err
			}
			tile = proof.AppendEntry(tile, text)
		}
		return nil
	})
	return tile, err
}

// within returns NotFound for a tile that is not in a tree of a size.
func within(p proof.TilePath, size int64) error {
	if p.Width() > proof.WidthAt(size, max(0, p.Level), p.N) {
		return audit.Errorf(audit.NotFound, "tile %s is not in the tree, which has %d leaves", p, size)
	}
	return nil
}

func tileOf(t proof.Tiles, p proof.TilePath) ([]byte, error) {
	hashes, err := t.Tile(p.Level, p.N, p.Width())
	return proof.AppendTile(nil, hashes), err
}

// incarnation returns the history of a project, or NotFound where its present incarnation is
// another or no head has it: the trees of others are gone.
func (n *Notary) incarnation(project string, incarnation int) (trees.History, error) {
	h, err := n.log.History(project)
	if err != nil {
		return h, err
	}
	if h.Incarnation != incarnation {
		return h, audit.Errorf(audit.NotFound, "the tree of incarnation %d of project %q is not here: it is at its incarnation %d",
			incarnation, project, h.Incarnation)
	}
	if h.Head.Size == 0 {
		return h, audit.Errorf(audit.NotFound, "there is no checkpoint of project %q yet", project)
	}
	return h, nil
}

// ProjectCheckpoint returns the newest checkpoint of an incarnation of a project, a signed note.
func (n *Notary) ProjectCheckpoint(project string, incarnation int) ([]byte, error) {
	h, err := n.incarnation(project, incarnation)
	if err != nil {
		return nil, err
	}
	return n.signProject(&h)
}

// signProject signs what the newest head has of a project.
func (n *Notary) signProject(h *trees.History) ([]byte, error) {
	origin := n.origin(h)
	return proof.Sign(proof.Checkpoint{Origin: origin, Size: h.Head.Size, Root: h.Head.Root}, n.key.Signer(origin))
}

// ProjectTile returns a tile of the tree of an incarnation of a project, as tlog-tiles has it. Its
// entries are commitments.
func (n *Notary) ProjectTile(ctx context.Context, project string, incarnation int, p proof.TilePath) (tile []byte, err error) {
	h, err := n.incarnation(project, incarnation)
	if err != nil {
		return nil, err
	}
	if err := within(p, h.Head.Size); err != nil {
		return nil, err
	}
	if p.Level >= 0 {
		return tileOf(n.tiles(ctx, &h), p)
	}
	err = n.each(ctx, &h, p.N*proof.TileWidth, p.Width(), func(l *leaf) error {
		tile = proof.AppendEntry(tile, l.commitment[:])
		return nil
	})
	return tile, err
}

// Consistency returns the proof that the master log, when it had size leaves, began with the first
// old of them.
func (n *Notary) Consistency(old, size int64) (hashes []proof.Hash, err error) {
	err = n.log.View(func(tx kv.Tx) error {
		m, err := n.master(tx)
		if err != nil {
			return err
		}
		if old < 0 || old > size || size > m.Size {
			return audit.Errorf(audit.Invalid, "the log has %d heads, and never had %d", min(size, m.Size), old)
		}
		hashes, err = m.Tree(size).Consistency(old)
		return err
	})
	return hashes, err
}
