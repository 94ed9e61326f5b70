package blocks

import (
	"bytes"
	"fmt"

	"auditlog/store/block"
	"auditlog/store/block/bits"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// A Reader reads blocks and keeps what it finds out about them. Its methods may be called
// by several goroutines at once.
type Reader struct {
	name  string // of the database, for errors
	cache *blockCache
}

// NewReader returns a Reader of the database with a name, which keeps opened blocks in so
// many bytes of memory, about.
func NewReader(name string, cacheBytes int) *Reader {
	return &Reader{name: name, cache: newBlockCache(cacheBytes)}
}

// Release forgets what is kept of blocks.
func (r *Reader) Release() { r.cache.clear() }

// Held returns how many blocks are kept, in how many bytes.
func (r *Reader) Held() (blocks, bytes int) {
	r.cache.mu.Lock()
	defer r.cache.mu.Unlock()
	return len(r.cache.items), r.cache.used
}

// Get returns the block under key, or nil when there is none. It must not be used
// after tx.
func (r *Reader) Get(tx kv.Tx, key format.BlockKey) (*block.Block, error) {
	k := key.Append(nil)
	v := tx.Bucket(format.Blocks).Get(k)
	if v == nil {
		return nil, nil
	}
	return r.Open(key, v)
}

// Open returns the block whose bytes, of a transaction, are v. It may read from
// them, and must not be used after the transaction.
func (r *Reader) Open(key format.BlockKey, v []byte) (opened *block.Block, err error) {
	defer kv.Faulted(&err)
	b, often := r.cache.get(key, block.SeqOf(v))
	switch {
	case b == nil:
		b, err := r.Parse(key, v)
		if err == nil {
			r.cache.put(key, b.Without())
		}
		return b, err
	case b.HasData():
		return b, nil
	case often:
		v = bytes.Clone(v)
	}
	if b, err = b.On(v); err != nil {
		return nil, r.damaged(key, err)
	}
	if often {
		r.cache.put(key, b)
	}
	return b, nil
}

// Fresh is Open past the cache, for those who rewrite blocks: what a write has
// put may not come to be, and its sequences be given out again; and what goes would
// only displace what is read. The block does not depend on the transaction of v.
func (r *Reader) Fresh(key format.BlockKey, v []byte) (b *block.Block, err error) {
	defer kv.Faulted(&err)
	return r.Parse(key, bytes.Clone(v))
}

// Parse returns the block that reads from v.
func (r *Reader) Parse(key format.BlockKey, v []byte) (b *block.Block, err error) {
	defer kv.Faulted(&err)
	b, err = block.Open(v)
	if err == nil && b.First() != key.Position {
		err = fmt.Errorf("%w: begins at another entry", bits.ErrCorrupt)
	}
	if err != nil {
		return nil, r.damaged(key, err)
	}
	return b, nil
}

func (r *Reader) damaged(key format.BlockKey, err error) error {
	return fmt.Errorf("%v of %s: %w: %w", key, r.name, format.ErrCorrupt, err)
}

// Changes returns the changes of blocks behind a sequence, oldest first, at most limit: of
// each indexable block its newest one. through is the sequence up to which the caller then
// knows everything.
func Changes(tx kv.Tx, after uint64, limit int) (changes []format.BlockChange, through uint64, err error) {
	c := tx.Bucket(format.Changes).Cursor()
	for k, v := c.Seek(format.Uint64(after + 1)); k != nil; k, v = c.Next() {
		if len(changes) == limit {
			return changes, changes[limit-1].Seq, nil
		}
		change, err := format.ParseChange(k, v)
		if err != nil {
			return nil, 0, err
		}
		changes = append(changes, change)
	}
	return changes, max(after, format.ReadUint64(tx.Bucket(format.Meta).Get(format.MetaBlockSeq))), nil
}
