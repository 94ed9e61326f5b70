package notary

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"auditlog/audit"
	"auditlog/proof"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/trees"
)

// Cosigner is a witness that can be asked.
type Cosigner interface {
	// Cosign has the witness sign a checkpoint, and returns the lines of its signatures.
	// consistency returns the proof that leads from an older size to the checkpoint.
	Cosign(ctx context.Context, signed []byte, consistency func(old int64) ([]proof.Hash, error)) ([]byte, error)
}

// Cosign adds what witnesses have signed of a checkpoint: lines of signatures of the newest, or
// a whole note of an older one. It returns the checkpoint with them, and Invalid for what is none
// of the log's, or signed by none of the witnesses that it knows.
func (n *Notary) Cosign(note []byte) (cosigned []byte, err error) {
	err = n.log.KeepTrees(func(tx kv.Tx, _ func(format.ProjectID) bool) (trees.Change, error) {
		m, err := n.master(tx)
		if err != nil {
			return trees.Change{}, err
		}
		c, base, lines, err := n.ofNote(m, note)
		if err == nil {
			cosigned, err = proof.AddCosignatures(base, lines, n.opts.Known)
		}
		if err != nil {
			return trees.Change{}, audit.Errorf(audit.Invalid, "%v", err)
		}
		if old := m.Cosigned(); old != nil {
			if was, err := proof.OpenCheckpoint(old, m.Keys...); err == nil && was.Size > c.Size {
				return trees.Change{}, audit.Errorf(audit.Conflict, "a newer checkpoint is cosigned already, of %d heads", was.Size)
			}
		}
		return trees.Change{}, m.PutCosigned(cosigned, c.Size)
	})
	return cosigned, err
}

// ofNote returns the checkpoint that a note is of, as the log has signed it, and the lines of
// signatures in the note.
func (n *Notary) ofNote(m *trees.Master, note []byte) (c proof.Checkpoint, signed, lines []byte, err error) {
	newest := bytes.Clone(m.Checkpoint())
	text, lines, whole := bytes.Cut(note, []byte("\n\n"))
	if !whole || bytes.HasPrefix(newest, append(bytes.Clone(text), "\n\n"...)) {
		c, err = proof.OpenCheckpoint(newest, m.Keys...)
		if !whole {
			lines = note
		}
		return c, newest, lines, err
	}
	if c, err = proof.OpenCheckpoint(note, m.Keys...); err != nil {
		return c, nil, nil, err
	}
	if c.Size > m.Size || c.Origin != proof.LogOrigin(m.Lineage) {
		return c, nil, nil, fmt.Errorf("%s had no %d heads", proof.LogOrigin(m.Lineage), c.Size)
	}
	root, err := m.Tree(c.Size).Root()
	if err == nil && root != c.Root {
		err = fmt.Errorf("the log's first %d heads are others than those of the note", c.Size)
	}
	return c, note, lines, err
}

// witnessPatience is how long evidence waits for witnesses.
const witnessPatience = 5 * time.Second

// askAtOnce has the witnesses sign the newest checkpoint, for somebody who waits for evidence. What
// has no answer in time, the worker asks for again. The caller holds n.making, so that no newer
// one comes in between.
func (n *Notary) askAtOnce(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, witnessPatience)
	defer cancel()
	if err := n.ask(ctx); err != nil {
		n.opts.Log.Error().Err(err).Msg("a witness has not signed: evidence goes without its signature")
	}
}

// ask has every witness that can be asked sign the newest checkpoint.
func (n *Notary) ask(ctx context.Context) error {
	if len(n.opts.Witnesses) == 0 {
		return nil
	}
	signed, err := n.Checkpoint()
	if err != nil {
		return err
	}
	c, err := proof.OpenCheckpoint(signed, n.key.Public())
	if err != nil {
		return err
	}
	var errs []error
	for _, w := range n.opts.Witnesses {
		lines, err := w.Cosign(ctx, signed, func(old int64) ([]proof.Hash, error) { return n.Consistency(old, c.Size) })
		if err == nil {
			_, err = n.Cosign(append(bytes.Clone(signed), lines...))
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
