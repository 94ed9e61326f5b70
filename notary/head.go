package notary

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"

	"auditlog/audit"
	"auditlog/proof"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/trees"
)

// stepTiles is how many tiles are hashed in a step: of 16,384 entries.
const stepTiles = 64

// hash hashes some tiles of a project that has full ones which are not hashed. more reports
// whether there was one. The error tells of projects that cannot be read, which do not hold up
// the others.
func (n *Notary) hash(ctx context.Context) (more bool, failed error) {
	for _, h := range n.log.Histories() {
		left := h.Size()/proof.TileWidth - h.Hashed
		if left <= 0 {
			continue
		}
		hashes, err := n.hashTiles(ctx, &h, min(left, stepTiles))
		if audit.KindOf(err) == audit.NotFound {
			continue // purged meanwhile
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("project %q: %w", h.Name, err))
			continue
		}
		return true, n.log.KeepTrees(func(tx kv.Tx, there func(format.ProjectID) bool) (trees.Change, error) {
			if !there(h.ID) {
				return trees.Change{}, nil
			}
			if at, err := trees.Hashed(tx, h.ID); err != nil || at != h.Hashed {
				return trees.Change{Hashed: map[format.ProjectID]int64{h.ID: at}}, err // another node has
			}
			change := trees.Change{Hashed: map[format.ProjectID]int64{h.ID: h.Hashed + int64(len(hashes))}}
			return change, trees.Append(tx, h.ID, h.Hashed, hashes)
		})
	}
	return false, failed
}

// hashTiles returns the hashes of the next tiles of a project.
func (n *Notary) hashTiles(ctx context.Context, h *trees.History, count int64) ([]proof.Hash, error) {
	hashes := make([]proof.Hash, 0, count)
	tile := make([]proof.Hash, 0, proof.TileWidth)
	err := n.each(ctx, h, h.Hashed*proof.TileWidth, int(count)*proof.TileWidth, func(l *leaf) error {
		if tile = append(tile, proof.LeafHash(l.commitment)); len(tile) == proof.TileWidth {
			hashes, tile = append(hashes, proof.Perfect(tile)), tile[:0]
		}
		return nil
	})
	return hashes, err
}

// Head makes a head that covers everything that is recorded, unless the newest does. It returns
// Unavailable where too much is to be hashed for that, or too many heads are asked for.
func (n *Notary) Head(ctx context.Context) error {
	asked := n.begun.Load()
	n.making.Lock()
	defer n.making.Unlock()
	return n.cover(ctx, asked)
}

// cover is Head for who has asked when so many were begun: of all who wait, one makes it. The caller
// holds n.making.
func (n *Notary) cover(ctx context.Context, asked int64) error {
	if n.done > asked {
		return nil
	}
	mine := n.begun.Add(1)
	err := n.catchUp(ctx)
	if audit.KindOf(err) == audit.Unavailable {
		return err
	}
	if err = errors.Join(err, n.head(ctx, n.pause)); err == nil {
		n.done = mine
	}
	return err
}

// pause lets time pass before one more of the heads that are asked for.
func (n *Notary) pause(ctx context.Context) error {
	if err := n.asks.Wait(ctx); err != nil {
		return fmt.Errorf("%w: %w", audit.Errorf(audit.Unavailable, "too many checkpoints are asked for: try again later"), err)
	}
	return nil
}

// head makes a head of what is hashed, and of the entries behind it that fill no tile, unless it
// would be as the last. A project that cannot be read stays as it was in the last one, and is
// told of in the error. pause, where there is one, comes before a head that is made. The caller holds
// n.making.
func (n *Notary) head(ctx context.Context, pause func(context.Context) error) error {
	for {
		overtaken, err := n.tryHead(ctx, pause)
		if !overtaken || err != nil {
			return err
		}
	}
}

// tryHead is head, unless another node of the log makes one meanwhile.
func (n *Notary) tryHead(ctx context.Context, pause func(context.Context) error) (overtaken bool, err error) {
	number, stale, err := n.newest()
	if err != nil {
		return false, err
	}
	histories := n.log.Histories()
	states, failed := n.grown(ctx, histories)
	if len(states) == 0 && !stale {
		return false, failed
	}
	if pause != nil {
		if err := pause(ctx); err != nil {
			return false, err
		}
	}
	secret := make([]byte, 32)
	if _, err := io.ReadFull(n.opts.Rand, secret); err != nil {
		return false, err
	}
	err = n.log.KeepTrees(func(tx kv.Tx, there func(format.ProjectID) bool) (trees.Change, error) {
		m, err := trees.OpenMaster(tx)
		if overtaken = err == nil && m.Size != number; overtaken || err != nil {
			return trees.Change{}, err
		}
		change := trees.Change{Heads: maps.Clone(states)}
		maps.DeleteFunc(change.Heads, func(id format.ProjectID, _ format.TreeState) bool { return !there(id) })
		return change, n.putHead(tx, m, histories, change.Heads, secret)
	})
	return overtaken, errors.Join(failed, err)
}

// newest returns how many leaves the master log has, and whether the newest head is wrong although
// nothing was recorded: a project of it is purged, or the log has another name since.
func (n *Notary) newest() (size int64, stale bool, err error) {
	err = n.log.View(func(tx kv.Tx) error {
		m, err := trees.OpenMaster(tx)
		if err == nil {
			size, stale = m.Size, m.Stale || m.Lineage != "" && m.Lineage != n.log.Lineage().String()
		}
		return err
	})
	return size, stale, err
}

// grown returns the trees of projects to which something was recorded since the newest head.
func (n *Notary) grown(ctx context.Context, histories []trees.History) (_ map[format.ProjectID]format.TreeState, failed error) {
	states := make(map[format.ProjectID]format.TreeState)
	for i := range histories {
		h := &histories[i]
		size := h.Size()
		if size/proof.TileWidth > h.Hashed {
			size = h.Hashed * proof.TileWidth
		}
		if size <= h.Head.Size {
			continue
		}
		root, err := n.tree(ctx, h, size).Root()
		if audit.KindOf(err) == audit.NotFound {
			continue // purged meanwhile
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("project %q: %w", h.Name, err))
			continue
		}
		states[h.ID] = format.TreeState{Size: size, Root: root}
	}
	return states, failed
}

// putHead writes a head, and the checkpoint that covers it. secret is for a master log that has
// none.
func (n *Notary) putHead(
	tx kv.Tx, m *trees.Master, histories []trees.History, states map[format.ProjectID]format.TreeState, secret []byte,
) error {
	if lineage := n.log.Lineage().String(); m.Lineage != lineage {
		if err := n.beginMaster(m, lineage, secret); err != nil {
			return err
		}
	}
	if err := n.signs(m); err != nil {
		return err
	}
	for id, t := range states {
		if err := trees.PutHead(tx, id, t); err != nil {
			return err
		}
	}
	leaves, depth, err := n.headTree(tx, m, m.Size, histories)
	if err != nil {
		return err
	}
	root, err := proof.NewTree(int64(len(leaves)), leaves).Root()
	if err != nil {
		return err
	}
	m.Stale = false
	head := proof.Head{Number: m.Size, Time: n.opts.Now(), Depth: depth, Root: root}
	if err := m.Append([]byte(head.Text())); err != nil {
		return err
	}
	return n.sign(m)
}

// beginMaster begins the master log of a lineage, which continues the one that was there.
func (n *Notary) beginMaster(m *trees.Master, lineage string, secret []byte) error {
	old := bytes.Clone(m.Checkpoint())
	keys := m.Keys
	if err := m.Begin(lineage, n.key.Public(), secret); err != nil || old == nil {
		return err
	}
	c, err := proof.OpenCheckpoint(old, keys...)
	if err != nil {
		return fmt.Errorf("the log that is continued: %w", err)
	}
	return m.Append([]byte(proof.Continuation(c)))
}

// sign signs the master log as it is, and keeps that.
func (n *Notary) sign(m *trees.Master) error {
	root, err := m.Tree(m.Size).Root()
	if err != nil {
		return fmt.Errorf("master log: %w", err)
	}
	origin := proof.LogOrigin(m.Lineage)
	signed, err := proof.Sign(proof.Checkpoint{Origin: origin, Size: m.Size, Root: root}, n.key.Signer(origin))
	if err != nil {
		return err
	}
	return m.Put(signed)
}

// headTree returns the leaves of the tree over the checkpoints of all projects, of the head with
// a number.
func (n *Notary) headTree(tx kv.Tx, m *trees.Master, number int64, histories []trees.History) (proof.Leaves, int, error) {
	names := make(map[format.ProjectID]*trees.History, len(histories))
	for i := range histories {
		names[histories[i].ID] = &histories[i]
	}
	var hashes []proof.Hash
	err := trees.Heads(tx, func(id format.ProjectID, t format.TreeState) error {
		h := names[id]
		if h == nil {
			return fmt.Errorf("head of project %d: %w: there is no such project", id, format.ErrCorrupt)
		}
		hashes = append(hashes, proof.CheckpointHash(proof.Checkpoint{Origin: n.origin(h), Size: t.Size, Root: t.Root}))
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	leaves, depth := proof.HeadTree(hashes, m.Secret, number)
	return leaves, depth, nil
}
