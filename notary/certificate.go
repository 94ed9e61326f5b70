package notary

import (
	"bytes"
	"context"

	"auditlog/audit"
	"auditlog/proof"
	"auditlog/proof/evidence"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/trees"
)

// Certify keeps the certificate of a project that is about to be purged: the evidence of the
// entry that ordered it, with the project's last checkpoint.
func (n *Notary) Certify(ctx context.Context, project string) error {
	p, err := n.log.Project(project)
	if err != nil || p.Deletion == nil {
		return err // it was restored
	}
	e, err := n.log.Get(ctx, project, p.Deletion.EntryID)
	if err != nil {
		return err
	}
	h, a, err := n.anchored(ctx, project, 0)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	head := &evidence.Header{Anchor: a, Entries: 1, FirstSeq: e.Seq, LastSeq: e.Seq, Complete: true}
	if err := n.single(ctx, &b, &h, []int64{e.Seq}, head); err != nil {
		return err
	}
	return n.log.KeepTrees(func(tx kv.Tx, _ func(format.ProjectID) bool) (trees.Change, error) {
		return trees.Change{}, trees.PutCertificate(tx, project, h.Incarnation, b.Bytes())
	})
}

// Certificate returns the certificate of an incarnation of a project that was purged, of the
// last one that was where that is 0. It has what witnesses have signed since.
func (n *Notary) Certificate(project string, incarnation int) (bundle []byte, err error) {
	if incarnation == 0 {
		h, err := n.log.History(project)
		if err != nil {
			return nil, err
		}
		incarnation = h.Incarnation - 1
	}
	err = n.log.View(func(tx kv.Tx) error {
		if bundle, err = trees.Certificate(tx, project, incarnation); err != nil || bundle == nil {
			return err
		}
		bundle, err = n.recosigned(tx, bundle)
		return err
	})
	switch {
	case err != nil || bundle != nil:
	case incarnation == 0:
		err = audit.Errorf(audit.NotFound, "project %q was never purged", project)
	default:
		err = audit.Errorf(audit.NotFound, "project %q has no certificate of an incarnation %d that was purged", project, incarnation)
	}
	return bundle, err
}

// recosigned returns a certificate that leads to the newest checkpoint which witnesses have signed, where
// it is of the log as it is, and older than that.
func (n *Notary) recosigned(tx kv.Tx, bundle []byte) ([]byte, error) {
	m, err := trees.OpenMaster(tx)
	if err != nil {
		return nil, err
	}
	signed := m.Cosigned()
	if signed == nil || m.Lineage != n.log.Lineage().String() {
		return bundle, nil
	}
	c, err := proof.OpenCheckpoint(signed, m.Keys...)
	if err != nil {
		return nil, err
	}
	return evidence.Rewrite(bundle, func(a *evidence.Anchor) error {
		was, err := proof.OpenCheckpoint([]byte(a.Master), m.Keys...)
		if err != nil || was.Origin != c.Origin || was.Size > c.Size {
			return nil // it is of an epoch before, or newer
		}
		a.Keys = n.keyTexts(m.Keys)
		a.Master, a.Rotations, a.Cosigned, a.CosignedProof = string(signed), m.Rotations, "", nil
		a.MasterProof, err = m.Tree(c.Size).Inclusion(a.MasterIndex)
		return err
	})
}
