package blocks

import (
	"fmt"

	"auditlog/store/format"
	"auditlog/store/kv"
)

// A Writer changes blocks and, with them, everything that tells of blocks.
type Writer struct {
	Tx    kv.Tx
	Sizes *Sizes
	// Seq is the newest sequence given out: behind it come the deletions.
	Seq uint64
}

// Write does what a plan says.
func (w *Writer) Write(plan *Plan) error {
	told := make(map[format.BlockKey]bool, len(plan.Put)) // what followers will be told of
	for _, b := range plan.Put {
		told[b.Key] = w.Sizes.Indexable(b.Block)
	}
	for _, b := range plan.Drop {
		if err := w.drop(b); err != nil {
			return err
		}
		// What becomes of small blocks followers find out by themselves: they come and go
		// too often for each to be told of for ever.
		if told[b.Key] || !w.Sizes.Indexable(b.Block) {
			continue
		}
		if err := w.gone(format.BlockChange{Key: b.Key, Deleted: true, Merged: true}); err != nil {
			return err
		}
	}
	for _, b := range plan.Put {
		if err := w.put(b, told[b.Key]); err != nil {
			return err
		}
	}
	if plan.Spans == nil {
		return nil // no span tells of these blocks
	}
	return plan.Spans.write(w.Tx)
}

// Expect says which plans will be written, whose marks of small blocks are read then.
func (w *Writer) Expect(plans ...*Plan) {
	kv.Expect(w.Tx, func() []kv.Expected {
		var marks [][]byte
		for _, p := range plans {
			for _, b := range p.Drop {
				if !w.Sizes.Indexable(b.Block) {
					marks = append(marks, b.Key.Append(nil))
				}
			}
		}
		return []kv.Expected{{Bucket: format.Small, Keys: marks}}
	})
}

// Delete removes a block whose entries are to be forgotten. Followers are told of small ones as well:
// they may have something of those that came into it without a word.
func (w *Writer) Delete(b Keyed) error {
	if err := w.drop(b); err != nil {
		return err
	}
	return w.gone(format.BlockChange{Key: b.Key, Deleted: true})
}

// gone tells followers that a block is gone.
func (w *Writer) gone(c format.BlockChange) error {
	w.Seq++
	c.Seq = w.Seq
	return w.tell(c)
}

// drop removes a block and what tells of it.
func (w *Writer) drop(b Keyed) error {
	k := b.Key.Append(nil)
	if err := w.Tx.Bucket(format.Blocks).Delete(k); err != nil {
		return fmt.Errorf("delete %v: %w", b.Key, err)
	}
	small := w.Tx.Bucket(format.Small)
	if !w.Sizes.Indexable(b.Block) && small.Get(k) != nil {
		if err := small.Delete(k); err != nil {
			return fmt.Errorf("delete mark of %v: %w", b.Key, err)
		}
		return nil
	}
	if err := w.Tx.Bucket(format.Changes).Delete(format.Uint64(b.Seq())); err != nil {
		return fmt.Errorf("delete change of %v: %w", b.Key, err)
	}
	return nil
}

// put adds a block that has its sequence already. told is set when followers are told of it, else it is
// marked as small.
func (w *Writer) put(b Keyed, told bool) error {
	k := b.Key.Append(nil)
	if err := w.Tx.Bucket(format.Blocks).Put(k, b.Bytes()); err != nil {
		return fmt.Errorf("put %v: %w", b.Key, err)
	}
	if told {
		return w.tell(format.BlockChange{Seq: b.Seq(), Key: b.Key})
	}
	if err := w.Tx.Bucket(format.Small).Put(k, format.Uint64(b.Seq())); err != nil {
		return fmt.Errorf("mark %v: %w", b.Key, err)
	}
	return nil
}

// Tell has followers be told of small blocks, which have sequences of their own for that.
func (w *Writer) Tell(quiet []Keyed) error {
	for _, b := range quiet {
		if err := w.Tx.Bucket(format.Small).Delete(b.Key.Append(nil)); err != nil {
			return fmt.Errorf("delete mark of %v: %w", b.Key, err)
		}
		if err := w.put(b, true); err != nil {
			return err
		}
	}
	return nil
}

// tell has followers of the blocks know of a change.
func (w *Writer) tell(c format.BlockChange) error {
	if err := w.Tx.Bucket(format.Changes).Put(format.Uint64(c.Seq), format.EncodeChange(c)); err != nil {
		return fmt.Errorf("tell of %v: %w", c.Key, err)
	}
	return nil
}

// Finish keeps the sequence that was reached.
func (w *Writer) Finish() error {
	return w.Tx.Bucket(format.Meta).Put(format.MetaBlockSeq, format.Uint64(w.Seq))
}
