package evidence

import "auditlog/proof"

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

// cosigned returns the witnesses that have signed a checkpoint.
func (p *Policy) cosigned(signed []byte, c proof.Checkpoint) (by []Cosigned) {
	for _, w := range p.Witnesses {
		if sig, ok := w.Cosigned(signed); ok {
			by = append(by, Cosigned{w, sig, c.Size})
		}
	}
	return by
}
