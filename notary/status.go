package notary

import (
	"context"
	"io"
	"time"

	"auditlog/audit"
	"auditlog/proof"
	"auditlog/proof/evidence"
	"auditlog/store/kv"
	"auditlog/store/trees"
)

// EvidenceOf writes the evidence of one entry, if the newest head covers it: it makes none. It
// returns Unavailable where that will be so in a moment, NotFound where it never will.
func (n *Notary) EvidenceOf(ctx context.Context, w io.Writer, project string, seq int64) error {
	h, a, err := n.present(project)
	if err != nil {
		return err
	}
	switch {
	case seq < h.Base:
		return audit.Errorf(audit.NotFound, "it is of an incarnation that was purged: its certificate proves it")
	case seq >= h.Base+h.Head.Size:
		return audit.Errorf(audit.Unavailable, "no checkpoint covers it yet")
	}
	return n.single(ctx, w, &h, []int64{seq}, &evidence.Header{Anchor: a, Entries: 1, FirstSeq: seq, LastSeq: seq, Complete: true})
}

// present returns a project as the newest head has it.
func (n *Notary) present(project string) (h trees.History, a evidence.Anchor, err error) {
	n.making.Lock()
	defer n.making.Unlock()
	if h, err = n.log.History(project); err != nil {
		return h, a, err
	}
	_, stale, err := n.newest()
	if err == nil && (stale || h.Head.Size == 0) {
		err = audit.Errorf(audit.Unavailable, "no checkpoint covers it yet")
	}
	if err == nil {
		a, err = n.anchorOf(&h)
	}
	return h, a, err
}

// Status tells how the proofs are.
type Status struct {
	Checkpoint proof.Checkpoint
	Signed     string // as it is signed by the log
	HeadTime   time.Time
	Key        proof.PublicKey
	// Witnesses are those that have signed, the newest checkpoint or an older one.
	Witnesses []evidence.Cosigned
	// Behind counts the entries that no checkpoint covers yet.
	Behind int64
}

// Status returns how the proofs are, or NotFound where there is no checkpoint yet.
func (n *Notary) Status() (Status, error) {
	s := Status{Key: n.key.Public()}
	for _, h := range n.log.Histories() {
		s.Behind += h.Size() - h.Head.Size
	}
	return s, n.log.View(func(tx kv.Tx) error {
		m, err := n.master(tx)
		if err != nil {
			return err
		}
		if s.Checkpoint, err = proof.OpenCheckpoint(m.Checkpoint(), m.Keys...); err != nil {
			return err
		}
		if own, err := proof.Sign(s.Checkpoint, n.key.Signer(s.Checkpoint.Origin)); err == nil {
			s.Signed = string(own)
		}
		text, err := m.Leaf(m.Size - 1)
		if err != nil {
			return err
		}
		if head, err := proof.ParseHead(string(text)); err == nil {
			s.HeadTime = head.Time
		}
		s.Witnesses = nil
		if signed := m.Cosigned(); signed != nil {
			c, err := proof.OpenCheckpoint(signed, m.Keys...)
			if err != nil {
				return err
			}
			p := evidence.Policy{Witnesses: n.opts.Known}
			s.Witnesses = p.Cosigned(signed, c)
		}
		return nil
	})
}
