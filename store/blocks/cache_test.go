package blocks

import (
	"math"
	"path/filepath"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/store/block"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/kv/boltkv"
)

// Entries that blocks keep count against the cache, wherever they were found.
func TestCacheStaysInBounds(t *testing.T) {
	const limit = 256 << 10
	s := newShelf(t, limit)
	for range 2 {
		s.each(t, func(b *block.Block) {
			for row := range b.Rows() {
				if _, err := b.Kept(row, "acme"); err != nil {
					t.Fatal(err)
				}
			}
		})
		if used := s.r.cache.used; used > limit+limit/2 && len(s.r.cache.items) > 1 {
			t.Errorf("%d blocks take %d bytes of %d", len(s.r.cache.items), used, limit)
		}
		checkCache(t, s.r.cache)
	}
}

// What blocks decode after they were put into the cache counts, although nobody tells it.
func TestCacheCountsWhatIsDecoded(t *testing.T) {
	const limit = 32 << 10
	s := newShelf(t, limit)
	keys := s.keys
	for _, key := range append(keys, keys[len(keys)-1]) { // the last use counts with the next
		err := s.db.View(func(tx kv.Tx) error {
			b, err := s.r.Get(tx, key)
			if err != nil {
				return err
			}
			if err := b.EachText(func(string) {}, func(string) {}); err != nil {
				return err
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	held := 0
	for _, item := range s.r.cache.items {
		held += item.b.Memory()
		if item.inData != nil {
			held += item.b.Size()
		}
	}
	if held > limit {
		t.Errorf("the cache holds %d bytes of %d", held, limit)
	}
}

// checkCache compares what a cache counts with what it holds.
func checkCache(t *testing.T, c *blockCache) {
	t.Helper()
	used, loaded := 0, 0
	for key, item := range c.items {
		used += item.memory
		if item.b.HasData() != (item.inData != nil) || item.key != key {
			t.Errorf("%v: data %t, in the list of data %t", key, item.b.HasData(), item.inData != nil)
		}
		if item.b.HasData() {
			loaded += item.b.Size()
		}
	}
	if c.used != used+loaded || c.loaded != loaded || c.order.Len() != len(c.items) {
		t.Errorf("%d bytes, %d of them data, in %d blocks; want %d, %d, %d",
			c.used, c.loaded, c.order.Len(), used+loaded, loaded, len(c.items))
	}
}

// The data of blocks that are used often is kept, up to its part of the cache.
func TestCacheKeepsDataOfBlocksInUse(t *testing.T) {
	const limit = 128 << 10
	s := newShelf(t, limit)
	keys := s.keys
	opened := func(key format.BlockKey) (b *block.Block) {
		t.Helper()
		err := s.db.View(func(tx kv.Tx) (err error) {
			b, err = s.r.Get(tx, key)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for range oftenUsed + 2 {
		opened(keys[0])
	}
	if b, _ := s.r.cache.get(keys[0], opened(keys[0]).Seq()); !b.HasData() {
		t.Error("a block that is used often has no data in the cache")
	}
	for _, key := range keys {
		for range oftenUsed + 2 {
			opened(key)
		}
		checkCache(t, s.r.cache)
	}
	if n := s.r.cache.loaded; n == 0 || n > limit/dataShare {
		t.Errorf("data takes %d bytes of %d", n, s.r.cache.limit)
	}
	if b, _ := s.r.cache.get(keys[0], opened(keys[0]).Seq()); b.HasData() {
		t.Error("data is kept of a block that was not used for long")
	}
}

// shelf is a database with some blocks of one project.
type shelf struct {
	db   kv.DB
	r    *Reader
	keys []format.BlockKey // oldest first
}

func newShelf(t *testing.T, cacheBytes int) *shelf {
	t.Helper()
	db, err := boltkv.Open(filepath.Join(t.TempDir(), "shelf.db"), boltkv.Options{Init: func(tx kv.Tx) error {
		for _, name := range format.Buckets() {
			if err := tx.CreateBucket(name); err != nil {
				return err
			}
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s := &shelf{db: db, r: NewReader(db.Name(), cacheBytes)}
	entries := audittest.New(1, time.Minute).Entries(6000)
	for i, e := range entries {
		e.ID, e.RecordedAt, e.Project = int64(i+1), e.CreatedAt, "acme"
	}
	sizes := DefaultSizes()
	err = db.Update(func(tx kv.Tx) error {
		w := &Writer{Tx: tx, Sizes: &sizes}
		plan, _, err := s.r.PlanMerge(&sizes, NewCursor(tx, 1), "acme", entries, Unbounded(), &w.Seq)
		if err != nil {
			return err
		}
		for _, b := range plan.Put {
			s.keys = append(s.keys, b.Key)
		}
		return w.Write(plan)
	})
	if err != nil || len(s.keys) < 3 {
		t.Fatalf("%d blocks, %v", len(s.keys), err)
	}
	return s
}

// each opens every block, the newest first.
func (s *shelf) each(t *testing.T, fn func(*block.Block)) {
	t.Helper()
	err := s.db.View(func(tx kv.Tx) error {
		c := NewCursor(tx, 1)
		ok, err := c.Seek(audit.Position{At: math.MaxInt64})
		for ; ok && err == nil; ok, err = c.Prev() {
			b, err := s.r.Open(c.Key, c.Value)
			if err != nil {
				return err
			}
			fn(b)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
