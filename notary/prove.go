package notary

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/proof"
	"auditlog/proof/evidence"
	"auditlog/store/kv"
	"auditlog/store/trees"
)

// maxBehind is how many entries that are not hashed yet a proof waits for. There are more only
// where a log without trees was upgraded, or much is recorded at once.
const maxBehind = 1 << 20

// covered returns the history of a project of which the newest head covers a seq, and all of it
// where that is 0. It makes a head if need be, for who has asked when so many were begun: see cover.
// The caller holds n.making.
func (n *Notary) covered(ctx context.Context, project string, seq, asked int64) (trees.History, error) {
	var failed error // of whatever project
	for range 2 {
		h, err := n.log.History(project)
		if err != nil {
			return h, err
		}
		end := h.Base + h.Head.Size
		_, stale, err := n.newest()
		if err != nil || end > seq && (seq > 0 || h.Head.Size == h.Size()) && !stale {
			return h, err
		}
		if failed = n.cover(ctx, asked); audit.KindOf(failed) == audit.Unavailable {
			return h, failed
		}
	}
	// Much is recorded: what the head of now has is all there was when it was asked for.
	h, err := n.log.History(project)
	switch covered := h.Head.Size > 0 && seq < h.Base+h.Head.Size; {
	case err != nil || covered && (failed == nil || seq > 0):
	case failed != nil:
		err = failed
	case !covered:
		err = audit.Errorf(audit.NotFound, "project %q has no entry with seq %d", project, seq)
	}
	return h, err
}

// catchUp hashes what is not hashed yet, unless that takes too long for somebody who waits.
func (n *Notary) catchUp(ctx context.Context) error {
	behind := int64(0)
	for _, h := range n.log.Histories() {
		behind += max(0, h.Size()/proof.TileWidth-h.Hashed) * proof.TileWidth
	}
	if behind > maxBehind {
		return audit.Errorf(audit.Unavailable, "%d entries are not hashed yet, and are being: try again in a while", behind)
	}
	for more := true; more; {
		var err error
		if more, err = n.hash(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Proof returns the proof that an entry of a project is in the project's tree, with the salt of
// its leaf. It returns NotFound where there is no such seq.
func (n *Notary) Proof(ctx context.Context, project string, seq int64) (*proof.LeafProof, error) {
	proofs, err := n.Proofs(ctx, project, []int64{seq})
	if err == nil && proofs[0] == nil {
		err = audit.Errorf(audit.NotFound, "seq %d of project %q is of an incarnation that was purged: its certificate proves it", seq, project)
	}
	if err != nil {
		return nil, err
	}
	return proofs[0], nil
}

// Proofs is Proof for several entries, in the order of their seqs. Those of an incarnation that was
// purged have none, and nil.
func (n *Notary) Proofs(ctx context.Context, project string, seqs []int64) ([]*proof.LeafProof, error) {
	if len(seqs) == 0 {
		return nil, nil
	}
	asked := n.begun.Load()
	n.making.Lock()
	h, err := n.covered(ctx, project, seqs[len(seqs)-1], asked)
	n.making.Unlock()
	if err != nil {
		return nil, err
	}
	signed, err := n.signProject(&h)
	if err != nil {
		return nil, err
	}
	purged, _ := slices.BinarySearch(seqs, h.Base) // how many have none
	proofs := make([]*proof.LeafProof, purged, len(seqs))
	tree, salter := n.tree(ctx, &h, h.Head.Size), proof.NewSalter(h.Secret)
	prove := func(seq int64) (err error) {
		salt := salter.Salt(seq)
		p := &proof.LeafProof{Extra: salt[:], Index: seq - h.Base, Checkpoint: signed}
		p.Hashes, err = tree.Inclusion(p.Index)
		proofs = append(proofs, p)
		return err
	}
	for tile := range tilesOf(seqs[purged:], h.Base) {
		// What the first one has read, which takes turns by itself, is all that the others of its tile need.
		if err := prove(tile[0]); err != nil {
			return nil, err
		}
		err := admit.Work(ctx, func(ctx context.Context) error {
			turn := admit.TurnOf(ctx)
			for _, seq := range tile[1:] {
				if err := errors.Join(prove(seq), turn.Look()); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return proofs, nil
}

// anchored returns the history of a project as covered does, and what leads from its checkpoint
// to the newest of the master log.
func (n *Notary) anchored(ctx context.Context, project string, seq int64) (h trees.History, a evidence.Anchor, err error) {
	asked := n.begun.Load()
	n.making.Lock()
	defer n.making.Unlock()
	for {
		if h, err = n.covered(ctx, project, seq, asked); err != nil {
			return h, a, err
		}
		n.askAtOnce(ctx)
		if a, err = n.anchorOf(&h); !errors.Is(err, errStale) {
			return h, a, err
		}
		asked = n.begun.Load() // the head that there is will not do
	}
}

// errStale says that a project was dropped from the head while that was read.
var errStale = errors.New("the head is stale")

// anchorOf is anchored for a project that is covered. The caller holds n.making.
func (n *Notary) anchorOf(h *trees.History) (a evidence.Anchor, err error) {
	signed, err := n.signProject(h)
	if err != nil {
		return a, err
	}
	a.Checkpoint = string(signed)
	if a.Keys, err = n.Keys(); err != nil {
		return a, err
	}
	histories := n.log.Histories()
	return a, n.log.View(func(tx kv.Tx) error { return n.anchor(tx, h, histories, &a) })
}

// anchor fills in where the newest head has a project. The caller holds n.making: the head is
// that of histories.
func (n *Notary) anchor(tx kv.Tx, h *trees.History, histories []trees.History, a *evidence.Anchor) error {
	m, err := n.master(tx)
	if err != nil {
		return err
	}
	if m.Stale {
		return errStale
	}
	a.MasterIndex, a.Rotations = m.Size-1, m.Rotations
	text, err := m.Leaf(a.MasterIndex)
	if err != nil {
		return err
	}
	a.Head, a.Master = string(text), string(m.Checkpoint())
	leaves, _, err := n.headTree(tx, m, a.MasterIndex, histories)
	if err != nil {
		return err
	}
	own := proof.CheckpointHash(proof.Checkpoint{Origin: n.origin(h), Size: h.Head.Size, Root: h.Head.Root})
	i := slices.Index(leaves, own)
	if i < 0 {
		return audit.Errorf(audit.Unavailable, "project %q is being purged", h.Name)
	}
	a.HeadIndex = int64(i)
	if a.HeadProof, err = proof.NewTree(int64(len(leaves)), leaves).Inclusion(a.HeadIndex); err != nil {
		return err
	}
	if a.MasterProof, err = m.Tree(m.Size).Inclusion(a.MasterIndex); err != nil {
		return err
	}
	return cosigned(m, a)
}

// cosigned adds the checkpoint that witnesses have signed, where that is an older one.
func cosigned(m *trees.Master, a *evidence.Anchor) error {
	signed := m.Cosigned()
	if signed == nil || bytes.Equal(signed, m.Checkpoint()) {
		return nil
	}
	c, err := proof.OpenCheckpoint(signed, m.Keys...)
	if err != nil {
		return err
	}
	a.Cosigned = string(signed)
	a.CosignedProof, err = m.Tree(m.Size).Consistency(c.Size)
	return err
}

// Request says what a bundle has besides the entries.
type Request struct {
	// Query is what they were selected by.
	Query json.RawMessage
	// Since is the size of an earlier checkpoint of the log, from which the bundle is to
	// lead on. 0 is none.
	Since int64
}

// maxEvidence bounds the entries of a bundle that are selected by something.
const maxEvidence = 1_000_000

// Evidence writes a bundle of what is selected of a project. It returns NotFound where that is
// nothing, TooLarge where it is too much; once something is written, an error leaves a bundle
// that does not hold.
func (n *Notary) Evidence(ctx context.Context, w io.Writer, sel audit.Selection, r Request) error {
	h, a, err := n.anchored(ctx, sel.Query().Project, 0)
	if err != nil {
		return err
	}
	header := &evidence.Header{Anchor: a, Query: r.Query}
	if r.Since > 0 {
		hashes, err := n.Consistency(r.Since, a.MasterIndex+1)
		if err != nil {
			return err
		}
		header.Older = &evidence.Older{Size: r.Since, Proof: hashes}
	}
	last := h.Base + h.Head.Size - 1
	var seqs []int64
	if q := sel.Query(); len(q.Is) == 0 && len(q.Not) == 0 && q.Text == "" && q.From.IsZero() && q.To.IsZero() {
		header.Entries, header.FirstSeq, header.LastSeq, header.Complete = h.Head.Size, h.Base, last, true
		return n.rangeOf(ctx, w, &h, header)
	}
	err = sel.Export(ctx, func(e *audit.Entry) error {
		if e.Seq < h.Base || e.Seq > last {
			return nil // of what purges left, or newer than the head
		}
		if len(seqs) == maxEvidence {
			return audit.Errorf(audit.TooLarge, "more than %d entries are selected: ask for fewer, or for the whole project", maxEvidence)
		}
		seqs = append(seqs, e.Seq)
		return nil
	})
	if err != nil {
		return err
	}
	if len(seqs) == 0 {
		return audit.Errorf(audit.NotFound, "nothing is selected that can be proved")
	}
	slices.Sort(seqs)
	first, end := seqs[0], seqs[len(seqs)-1]
	header.Entries, header.FirstSeq, header.LastSeq = int64(len(seqs)), first, end
	header.Complete = end-first+1 == header.Entries
	if header.Complete && (first == h.Base || len(seqs) > evidence.SingleProofs) {
		return n.rangeOf(ctx, w, &h, header)
	}
	if len(seqs) > evidence.SingleProofs {
		return n.gaps(ctx, w, &h, seqs, header)
	}
	return n.single(ctx, w, &h, seqs, header)
}

// rangeOf writes a bundle of all entries of a project from one to another, by one proof for all.
func (n *Notary) rangeOf(ctx context.Context, w io.Writer, h *trees.History, head *evidence.Header) error {
	out, err := n.beginOne(ctx, w, h, head)
	if err != nil {
		return err
	}
	first, end := head.FirstSeq-h.Base, head.LastSeq-h.Base+1
	before, err := n.tree(ctx, h, h.Head.Size).Between(0, first)
	if err != nil {
		return err
	}
	for ; first < end; first += stepTiles * proof.TileWidth {
		count := min(end-first, stepTiles*proof.TileWidth)
		err := n.each(ctx, h, first, int(count), func(l *leaf) error {
			line := evidence.Line{Salt: l.salt, Before: before, Entry: l.entry}
			before = nil
			return out.Write(&line)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// gaps writes a bundle of entries among which others are missing, by one proof for all and the
// nodes over those.
func (n *Notary) gaps(ctx context.Context, w io.Writer, h *trees.History, seqs []int64, head *evidence.Header) error {
	out, err := n.beginOne(ctx, w, h, head)
	if err != nil {
		return err
	}
	at := int64(0) // the leaf behind the last one that was written
	for tile := range tilesOf(seqs, h.Base) {
		tree := n.tree(ctx, h, h.Head.Size) // one a tile: a tree keeps what it has read
		err := n.eachOf(ctx, h, tile, func(l *leaf) error {
			before, err := tree.Between(at, l.seq-h.Base)
			if err != nil {
				return err
			}
			at = l.seq - h.Base + 1
			return out.Write(&evidence.Line{Salt: l.salt, Before: before, Entry: l.entry})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// beginOne begins a bundle with one proof for all its entries.
func (n *Notary) beginOne(ctx context.Context, w io.Writer, h *trees.History, head *evidence.Header) (*evidence.Writer, error) {
	hashes, err := n.tree(ctx, h, h.Head.Size).Consistency(head.LastSeq - h.Base + 1)
	if err != nil {
		return nil, err
	}
	prefix := append(evidence.Hashes{}, hashes...)
	head.Prefix = &prefix
	return n.begin(w, h, head)
}

func (n *Notary) begin(w io.Writer, h *trees.History, head *evidence.Header) (*evidence.Writer, error) {
	head.Project, head.Incarnation, head.Base = h.Name, h.Incarnation, h.Base
	return evidence.NewWriter(w, head)
}

// single writes a bundle of entries with a proof for each.
func (n *Notary) single(ctx context.Context, w io.Writer, h *trees.History, seqs []int64, head *evidence.Header) error {
	out, err := n.begin(w, h, head)
	if err != nil {
		return err
	}
	for tile := range tilesOf(seqs, h.Base) {
		tree := n.tree(ctx, h, h.Head.Size) // one a tile: a tree keeps what it has read
		err := n.eachOf(ctx, h, tile, func(l *leaf) error {
			hashes, err := tree.Inclusion(l.seq - h.Base)
			if err != nil {
				return err
			}
			return out.Write(&evidence.Line{Salt: l.salt, Proof: append(evidence.Hashes{}, hashes...), Entry: l.entry})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// eachOf calls fn with the leaves of some seqs of a tile.
func (n *Notary) eachOf(ctx context.Context, h *trees.History, tile []int64, fn func(*leaf) error) error {
	first, last := tile[0], tile[len(tile)-1]
	return n.each(ctx, h, first-h.Base, int(last-first+1), func(l *leaf) error {
		if _, ok := slices.BinarySearch(tile, l.seq); !ok {
			return nil
		}
		return fn(l)
	})
}

// tilesOf cuts seqs, which are sorted, where tiles end.
func tilesOf(seqs []int64, base int64) func(func([]int64) bool) {
	return func(yield func([]int64) bool) {
		for len(seqs) > 0 {
			end := (seqs[0]-base)/proof.TileWidth*proof.TileWidth + proof.TileWidth + base
			n, _ := slices.BinarySearch(seqs, end)
			if !yield(seqs[:n]) {
				return
			}
			seqs = seqs[n:]
		}
	}
}
