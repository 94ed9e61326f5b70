package evidence

import (
	"fmt"

	"auditlog/proof"
)

// Policy says whom to believe. The zero value believes whatever key a bundle names, which proves
// that it is whole and not whose it is: the caller has to show the key's fingerprint.
type Policy struct {
	// Keys are those of the log.
	Keys []proof.PublicKey
	// Witnesses are who has to have cosigned, Quorum of them.
	Witnesses []proof.Witness
	Quorum    int
}

// Cosigned tells that a witness has signed a checkpoint.
type Cosigned struct {
	Witness proof.Witness
	proof.Cosignature
}

// cosigned returns the witnesses that have cosigned a checkpoint, or an error where these are too
// few.
func (p *Policy) cosigned(checkpoint []byte) (by []Cosigned, err error) {
	for _, w := range p.Witnesses {
		if c, ok := w.Cosigned(checkpoint); ok {
			by = append(by, Cosigned{w, c})
		}
	}
	if len(by) < p.Quorum {
		return nil, fmt.Errorf("the master log's checkpoint is cosigned by %d witnesses, %d are wanted", len(by), p.Quorum)
	}
	return by, nil
}
