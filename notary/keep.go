package notary

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"auditlog/audit"
	"auditlog/proof"
	"auditlog/store/kv"
	"auditlog/store/trees"
)

// Kept is what others keep of a log, as on another disk, so that a start on an older state
// of it is noticed.
type Kept struct {
	// Checkpoint is the newest of the master log, a signed note.
	Checkpoint string `json:"checkpoint"`
	// LastID is the newest id that it covers, and Seqs the newest seq of each project, as far as
	// they are known.
	LastID int64            `json:"lastId,omitempty"`
	Seqs   map[string]int64 `json:"seqs,omitempty"`
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

// Continues reports whether the log continues what was kept of it. What was kept of an epoch
// before says nothing. It returns Conflict for what is of another log, or signed by nobody who
// is known.
func (n *Notary) Continues(k *Kept) (continues bool, err error) {
	c, epoch, err := n.open(k)
	if own := n.log.Lineage().Epoch; err != nil || epoch != own {
		return epoch < own, err
	}
	err = n.log.View(func(tx kv.Tx) error {
		m, err := trees.OpenMaster(tx)
		if err != nil || c.Size > m.Size || m.Lineage != n.log.Lineage().String() {
			return err
		}
		root, err := m.Tree(c.Size).Root()
		continues = root == c.Root
		return err
	})
	return continues, err
}

// open returns the checkpoint that was kept, and the epoch of the log that it is of.
func (n *Notary) open(k *Kept) (c proof.Checkpoint, epoch uint32, err error) {
	err = n.log.View(func(tx kv.Tx) error {
		m, err := trees.OpenMaster(tx)
		if err != nil {
			return err
		}
		keys := slices.Clone(m.Keys)
		if own := n.key.Public(); !slices.Contains(keys, own) { // nothing was signed yet of what is there
			keys = append(keys, own)
		}
		if c, err = proof.OpenCheckpoint([]byte(k.Checkpoint), keys...); err != nil {
			return audit.Errorf(audit.Conflict, "%v", err)
		}
		of, err := audit.ParseLineage(strings.TrimPrefix(c.Origin, proof.LogOrigin("")))
		if err != nil || of.Log != n.log.Lineage().Log {
			return audit.Errorf(audit.Conflict, "it is of %s, and the log is %s", c.Origin, n.Origin())
		}
		epoch = of.Epoch
		return nil
	})
	return c, epoch, err
}

// Loss is what a log lacks that others have seen of it.
type Loss struct {
	// LastID is the newest id that they have seen, 0 where none of them knows, and Epoch the
	// newest epoch.
	LastID int64
	Epoch  uint32
	// Missing says what is missing.
	Missing string
}

// Loss returns what the log lacks of what others have kept of it, none of which it continues.
func (n *Notary) Loss(kept []Kept) (l Loss, err error) {
	seqs := make(map[string]int64)
	heads := int64(0)
	for i := range kept {
		k := &kept[i]
		c, epoch, err := n.open(k)
		if err != nil {
			return l, err
		}
		heads = max(heads, c.Size)
		l.LastID, l.Epoch = max(l.LastID, k.LastID), max(l.Epoch, epoch)
		for project, seq := range k.Seqs {
			seqs[project] = max(seqs[project], seq)
		}
	}
	var missing []string
	for _, project := range slices.Sorted(maps.Keys(seqs)) {
		h, err := n.log.History(project)
		if err != nil || h.Last < seqs[project] {
			missing = append(missing, fmt.Sprintf("%s: seqs %d to %d", project, h.Last+1, seqs[project]))
		}
	}
	last := n.log.LastID()
	switch {
	case missing != nil:
		l.Missing = strings.Join(missing, ", ")
	case l.LastID > last:
		l.Missing = fmt.Sprintf("ids %d to %d", last+1, l.LastID)
	case l.LastID == 0:
		l.Missing = fmt.Sprintf("what a checkpoint of %d heads covers", heads)
	default:
		l.Missing = "nothing by its numbers: what was recorded is another history"
	}
	return l, nil
}
