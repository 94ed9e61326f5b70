package notary

import (
	"context"
	"encoding/base64"

	"auditlog/audit"
	"auditlog/proof"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/trees"
)

// actionRotate is the action of the entry that tells of another signing key.
const actionRotate = "log.rotateKey"

// Recorder records what the log has to say of itself.
type Recorder interface {
	RecordOwn(ctx context.Context, entry *audit.Entry) error
}

// Rotate has the log be signed by another key from now on. The entry that tells of it, which
// comes before, is signed by both. n is of no more use then: the log wants a notary with the other
// key.
//
// A crash between the two leaves the entry, and the old key: it is done again.
func (n *Notary) Rotate(ctx context.Context, to proof.Key, log Recorder, by audit.Actor) error {
	n.making.Lock()
	defer n.making.Unlock()
	from, next, origin := n.key.Public(), to.Public(), n.Origin()
	if from == next {
		return audit.Errorf(audit.Conflict, "the log is signed with that key already")
	}
	r := proof.Rotate(origin, n.key, to)
	e := &audit.Entry{
		Project: audit.SystemProject, Actor: by, Action: actionRotate,
		Resource: audit.Resource{Type: "Log", ID: n.log.Lineage().Log}, Outcome: audit.Success,
		Detail: "The signing key " + from.Fingerprint() + " is followed by " + next.Fingerprint(),
		Metadata: map[string]string{
			"oldKey": from.Text(origin), "newKey": next.Text(origin),
			"oldSignature": base64.StdEncoding.EncodeToString(r.FromSignature),
			"newSignature": base64.StdEncoding.EncodeToString(r.ToSignature),
		},
	}
	if err := log.RecordOwn(ctx, e); err != nil {
		return err
	}
	n.key = to
	return n.log.KeepTrees(func(tx kv.Tx, _ func(format.ProjectID) bool) (trees.Change, error) {
		m, err := trees.OpenMaster(tx)
		if err != nil || m.Lineage != n.log.Lineage().String() {
			return trees.Change{}, err // there is nothing yet that the old key has signed
		}
		m.Keys, m.Rotations = append(m.Keys, next), append(m.Rotations, r)
		return trees.Change{}, n.sign(m)
	})
}
