package notary

import (
	"fmt"
	"maps"
	"slices"

	"auditlog/audit"
	"auditlog/proof"
	"auditlog/store/kv"
	"auditlog/store/trees"
)

// Kept is what is kept of a log elsewhere, as on another disk, so that a start on an older state
// of it is noticed.
type Kept struct {
	// Checkpoint is the newest of the master log, a signed note.
	Checkpoint string `json:"checkpoint"`
	// LastID is the newest id that it covers, and Seqs the newest seq of each project.
	LastID int64            `json:"lastId"`
	Seqs   map[string]int64 `json:"seqs"`
}

// kept returns what is to be kept, of a log that had come to an id when the newest head was made.
func (n *Notary) kept(lastID int64) (Kept, error) {
	signed, err := n.Checkpoint()
	k := Kept{Checkpoint: string(signed), LastID: lastID, Seqs: make(map[string]int64)}
	for _, h := range n.log.Histories() {
		k.Seqs[h.Name] = h.Base + h.Head.Size - 1
	}
	return k, err
}

// Missing returns what the log lacks of what was kept of it, nothing where it continues that. What
// was kept of an epoch before says nothing. It returns Conflict for what is of another log.
func (n *Notary) Missing(k Kept) (missing []string, err error) {
	continues := false
	err = n.log.View(func(tx kv.Tx) error {
		m, err := trees.OpenMaster(tx)
		if err != nil {
			return err
		}
		keys := slices.Clone(m.Keys)
		if own := n.key.Public(); !slices.Contains(keys, own) { // nothing was signed yet of what is there
			keys = append(keys, own)
		}
		c, err := proof.OpenCheckpoint([]byte(k.Checkpoint), keys...)
		if err != nil {
			return audit.Errorf(audit.Conflict, "%v", err)
		}
		if c.Origin != n.Origin() {
			continues = n.log.Lineage().Epoch > 0
			if !continues {
				return audit.Errorf(audit.Conflict, "it is of %s, and the log is %s", c.Origin, n.Origin())
			}
			return nil
		}
		if c.Size > m.Size || m.Lineage != n.log.Lineage().String() {
			return nil
		}
		root, err := m.Tree(c.Size).Root()
		continues = root == c.Root
		return err
	})
	if err != nil || continues {
		return nil, err
	}
	for _, project := range slices.Sorted(maps.Keys(k.Seqs)) {
		h, err := n.log.History(project)
		if err != nil || h.Last < k.Seqs[project] {
			missing = append(missing, fmt.Sprintf("%s: seqs %d to %d", project, h.Last+1, k.Seqs[project]))
		}
	}
	if missing == nil {
		missing = []string{"nothing by its numbers: what was recorded is another history"}
	}
	return missing, nil
}
