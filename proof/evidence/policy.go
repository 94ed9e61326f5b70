package evidence

import (
	"errors"

	"auditlog/proof"
)

// Policy says whom to believe. The zero value believes whatever key a bundle names, which proves
// that it is whole and not whose it is: the caller has to show the key's fingerprint.
type Policy struct {
	// Keys are those of the log.
	Keys []proof.PublicKey
	// Witnesses are who is believed to have seen the log, and Quorum how many of them have to
	// have signed a checkpoint that covers the evidence.
	Witnesses []proof.Witness
	Quorum    int
	// Older is a signed checkpoint that the log must continue: one of the master log, or of
	// the project where the bundle has all of it from its first entry on.
	Older []byte
}

// Cosigned tells that a witness has signed a checkpoint.
type Cosigned struct {
	Witness proof.Witness
	proof.Cosignature
	// Size is that of the master log that the witness has signed.
	Size int64
}

// Cosigned returns the witnesses of the policy that have signed a checkpoint.
func (p *Policy) Cosigned(signed []byte, c proof.Checkpoint) (by []Cosigned) {
	for _, w := range p.Witnesses {
		if sig, ok := w.Cosigned(signed); ok {
			by = append(by, Cosigned{w, sig, c.Size})
		}
	}
	return by
}

// CheckpointResult is what a checkpoint proves.
type CheckpointResult struct {
	Checkpoint proof.Checkpoint
	Key        proof.PublicKey
	Witnesses  []Cosigned
}

// Checkpoint verifies a signed checkpoint by itself. hashes lead to it from that of size old, which
// has to be the policy's older one, where it has one.
func (p *Policy) Checkpoint(signed []byte, old int64, hashes []proof.Hash) (*CheckpointResult, error) {
	res := &CheckpointResult{}
	err := errors.New("no key is known")
	for _, k := range p.Keys {
		if res.Checkpoint, err = proof.OpenCheckpoint(signed, k); err == nil {
			res.Key = k
			break
		}
	}
	if err != nil {
		return nil, bad("%w", err)
	}
	res.Witnesses = p.Cosigned(signed, res.Checkpoint)
	if len(res.Witnesses) < p.Quorum {
		return nil, bad("%d of the witnesses that were named have signed it, %d are wanted", len(res.Witnesses), p.Quorum)
	}
	if p.Older == nil {
		return res, nil
	}
	older, err := proof.OpenCheckpoint(p.Older, p.Keys...)
	if err != nil {
		return nil, bad("the older checkpoint: %w", err)
	}
	if older.Size != old && older.Size != res.Checkpoint.Size {
		return nil, bad("it does not say how it continues the checkpoint of %d leaves: ask for it with --since", older.Size)
	}
	if older.Size == res.Checkpoint.Size {
		hashes = nil
	}
	if err := proof.CheckConsistency(hashes, res.Checkpoint, older); err != nil {
		return nil, bad("the log was changed since: %w", err)
	}
	return res, nil
}
