package store

import (
	"bytes"
	"fmt"

	"auditlog/audit"
	"auditlog/fulltext"
	"auditlog/store/block"
	"auditlog/store/block/bits"
	"auditlog/store/kv"
)

// block returns the block under key, or nil when there is none. It must not be used
// after tx.
func (s *Store) block(tx kv.Tx, key BlockKey) (*block.Block, error) {
	k := key.Append(nil)
	v := tx.Bucket(bucketBlocks).Get(k)
	if v == nil {
		return nil, nil
	}
	return s.openBlock(key, v)
}

// openBlock returns the block whose bytes, of a transaction, are v. It may read from
// them, and must not be used after the transaction.
func (s *Store) openBlock(key BlockKey, v []byte) (*block.Block, error) {
	b, often := s.cache.get(key, block.SeqOf(v))
	switch {
	case b == nil:
		b, err := s.parseBlock(key, v)
		if err == nil {
			s.cache.put(key, b.Without())
		}
		return b, err
	case b.HasData():
		return b, nil
	case often:
		v = bytes.Clone(v)
	}
	b, err := b.On(v)
	if err != nil {
		return nil, s.damaged(key, err)
	}
	if often {
		s.cache.put(key, b)
	}
	return b, nil
}

// readBlock is openBlock past the cache, for those who rewrite blocks: what a write has
// put may not come to be, and its sequences be given out again; and what goes would
// only displace what is read. The block does not depend on the transaction of v.
func (s *Store) readBlock(key BlockKey, v []byte) (*block.Block, error) {
	return s.parseBlock(key, bytes.Clone(v))
}

// parseBlock returns the block that reads from v.
func (s *Store) parseBlock(key BlockKey, v []byte) (*block.Block, error) {
	b, err := block.Open(v)
	if err == nil && b.First() != key.Position {
		err = fmt.Errorf("%w: begins at another entry", bits.ErrCorrupt)
	}
	if err != nil {
		return nil, s.damaged(key, err)
	}
	return b, nil
}

func (s *Store) damaged(key BlockKey, err error) error {
	return fmt.Errorf("%v of %s: %w: %w", key, s.db.Name(), errCorrupt, err)
}

// blockCursor walks the blocks of one project.
type blockCursor struct {
	c       kv.Cursor
	project ProjectID
	key     BlockKey
	value   []byte
}

func newBlockCursor(tx kv.Tx, p ProjectID) *blockCursor {
	return &blockCursor{c: tx.Bucket(bucketBlocks).Cursor(), project: p}
}

// at takes a key and value of the bucket; ok is false outside the project.
func (c *blockCursor) at(k, v []byte) (ok bool, err error) {
	c.value = nil
	if k == nil {
		return false, nil
	}
	if c.key, err = fulltext.ParseBlockKey(k); err != nil {
		return false, fmt.Errorf("blocks: %w: %w", errCorrupt, err)
	}
	c.value = v
	return c.key.Project == c.project, nil
}

// seek moves to the block that holds, or would hold, what is at p: the last one
// that begins at or before it. ok is false when all begin later.
func (c *blockCursor) seek(p audit.Position) (ok bool, err error) {
	return c.at(kv.AtOrBefore(c.c, BlockKey{Project: c.project, Position: p}.Append(nil)))
}

func (c *blockCursor) first() (ok bool, err error) {
	return c.at(c.c.Seek(u32(c.project)))
}

// from moves to the first block that begins at or after p.
func (c *blockCursor) from(p audit.Position) (ok bool, err error) {
	if p == (audit.Position{}) {
		return c.first()
	}
	return c.at(c.c.Seek(BlockKey{Project: c.project, Position: p}.Append(nil)))
}

// before moves to the last block that begins before p.
func (c *blockCursor) before(p audit.Position) (ok bool, err error) {
	return c.at(kv.Before(c.c, BlockKey{Project: c.project, Position: p}.Append(nil)))
}

func (c *blockCursor) next() (ok bool, err error) { return c.at(c.c.Next()) }

func (c *blockCursor) prev() (ok bool, err error) { return c.at(c.c.Prev()) }

// sizes say how large things get. Tests make them small.
type sizes struct {
	// blockRows is how many entries a block holds at most.
	blockRows int
	// indexableRows and indexableBytes: a block of so many rows, or so many
	// bytes, is one that followers are told of, as is one whose entries have half
	// of block.MaxBytes. Smaller ones are still growing and are cheaper to look into than to index again and again.
	indexableRows, indexableBytes int
	// span is how many blocks one key of the spans bucket tells of, 64 at most;
	// ahead how many there must be beyond them before it is written, because
	// the last few of a project are still growing.
	span, ahead int
}

func defaultSizes() sizes {
	return sizes{blockRows: bits.MaxRows, indexableRows: 512, indexableBytes: 256 << 10, span: 64, ahead: 8}
}

// indexable reports whether followers of the blocks are told of b.
func (z *sizes) indexable(b *block.Block) bool {
	return b.Rows() >= z.indexableRows || z.heavy(b)
}

// growing reports whether b, if nothing is behind it, can take in more.
func (z *sizes) growing(b *block.Block) bool {
	return b.Rows() < z.blockRows && !z.heavy(b)
}

// heavy reports whether b has few entries because they are long.
func (z *sizes) heavy(b *block.Block) bool {
	return b.Size() >= z.indexableBytes || b.EntryBytes() >= block.MaxBytes/2
}

// A blockWriter changes blocks and, with them, everything that tells of blocks.
type blockWriter struct {
	tx    kv.Tx
	sizes *sizes
	// seq is the newest sequence given out: behind it come the deletions.
	seq uint64
}

// write does what a plan says.
func (w *blockWriter) write(plan *blockPlan) error {
	told := make(map[BlockKey]bool, len(plan.put)) // what followers will be told of
	for _, b := range plan.put {
		told[b.key] = w.sizes.indexable(b.Block)
	}
	for _, b := range plan.drop {
		if err := w.drop(b, !told[b.key]); err != nil {
			return err
		}
	}
	for _, b := range plan.put {
		if err := w.put(b); err != nil {
			return err
		}
	}
	return plan.spans.write(w.tx)
}

// drop removes a block. gone is set when nothing takes its key over that
// followers are told of instead.
func (w *blockWriter) drop(b keyedBlock, gone bool) error {
	k := b.key.Append(nil)
	if err := w.tx.Bucket(bucketBlocks).Delete(k); err != nil {
		return fmt.Errorf("delete %v: %w", b.key, err)
	}
	if !w.sizes.indexable(b.Block) {
		if err := w.tx.Bucket(bucketSmall).Delete(k); err != nil {
			return fmt.Errorf("delete mark of %v: %w", b.key, err)
		}
		return nil
	}
	if err := w.tx.Bucket(bucketChanges).Delete(u64(b.Seq())); err != nil {
		return fmt.Errorf("delete change of %v: %w", b.key, err)
	}
	if !gone {
		return nil
	}
	w.seq++
	return putChange(w.tx, fulltext.BlockChange{Seq: w.seq, Key: b.key, Deleted: true})
}

// put adds a block that has its sequence already.
func (w *blockWriter) put(b keyedBlock) error {
	k := b.key.Append(nil)
	if err := w.tx.Bucket(bucketBlocks).Put(k, b.Bytes()); err != nil {
		return fmt.Errorf("put %v: %w", b.key, err)
	}
	if w.sizes.indexable(b.Block) {
		return putChange(w.tx, fulltext.BlockChange{Seq: b.Seq(), Key: b.key})
	}
	if err := w.tx.Bucket(bucketSmall).Put(k, nil); err != nil {
		return fmt.Errorf("mark %v: %w", b.key, err)
	}
	return nil
}

// finish keeps the sequence that was reached.
func (w *blockWriter) finish() error {
	return w.tx.Bucket(bucketMeta).Put(metaBlockSeq, u64(w.seq))
}
