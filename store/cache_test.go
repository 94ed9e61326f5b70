package store

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/store/block"
	"auditlog/store/kv"
)

// Entries that blocks keep count against the cache, wherever they were found.
func TestCacheStaysInBounds(t *testing.T) {
	const limit = 256 << 10
	s, _ := sealedBlocks(t, Options{CacheBytes: limit})
	for range 2 {
		p := audit.Paging{Limit: 200}
		for {
			page, err := audittest.List(t.Context(), s, audit.Query{Project: "acme"}, p)
			if err != nil {
				t.Fatal(err)
			}
			if p.Cursor = page.Next; p.Cursor == "" {
				break
			}
		}
		if used := s.cache.used; used > limit+limit/2 && len(s.cache.items) > 1 {
			t.Errorf("%d blocks take %d bytes of %d", len(s.cache.items), used, limit)
		}
		checkCache(t, s.cache)
	}
}

// What blocks decode after they were put into the cache counts, although nobody tells it.
func TestCacheCountsWhatIsDecoded(t *testing.T) {
	const limit = 32 << 10
	s, keys := sealedBlocks(t, Options{CacheBytes: limit})
	for _, key := range append(keys, keys[len(keys)-1]) { // the last use counts with the next
		err := s.read(func(tx kv.Tx) error {
			b, err := s.block(tx, key)
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
	for _, item := range s.cache.items {
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
	s, keys := sealedBlocks(t, Options{CacheBytes: limit})
	opened := func(key BlockKey) (b *block.Block) {
		t.Helper()
		err := s.read(func(tx kv.Tx) (err error) {
			b, err = s.block(tx, key)
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
	if b, _ := s.cache.get(keys[0], opened(keys[0]).Seq()); !b.HasData() {
		t.Error("a block that is used often has no data in the cache")
	}
	for _, key := range keys {
		for range oftenUsed + 2 {
			opened(key)
		}
		checkCache(t, s.cache)
	}
	if n := s.cache.loaded; n == 0 || n > limit/dataShare {
		t.Errorf("data takes %d bytes of %d", n, s.cache.limit)
	}
	if b, _ := s.cache.get(keys[0], opened(keys[0]).Seq()); b.HasData() {
		t.Error("data is kept of a block that was not used for long")
	}
}

// What turns in the database after a block was opened is noticed, too.
func TestDamageBehindTheCache(t *testing.T) {
	s, keys := sealedBlocks(t, Options{})
	list := func() error {
		_, err := audittest.List(t.Context(), s, audit.Query{Project: "acme", To: timeOf(keys[1])}, audit.Paging{})
		return err
	}
	if err := list(); err != nil {
		t.Fatal(err)
	}
	err := s.db.Update(func(tx kv.Tx) error {
		b := tx.Bucket(bucketBlocks)
		k := keys[0].Append(nil)
		v := bytes.Clone(b.Get(k))
		v[len(v)/2] ^= 1
		return b.Put(k, v)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := list(); !errors.Is(err, errCorrupt) {
		t.Errorf("a damaged block is read: %v", err)
	}
}

func timeOf(k BlockKey) time.Time { return time.UnixMicro(k.At).UTC() }

// sealedBlocks returns a store with some blocks of the project acme, oldest first.
func sealedBlocks(t *testing.T, opts Options) (*Store, []BlockKey) {
	t.Helper()
	s := open(t, t.TempDir(), opts)
	entries := audittest.New(1, time.Minute).Entries(6000)
	for _, e := range entries {
		e.Project = "acme"
	}
	if _, err := s.Record(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	var keys []BlockKey
	err := s.read(func(tx kv.Tx) error {
		c := newBlockCursor(tx, s.projects["acme"].id)
		ok, err := c.first()
		for ; ok && err == nil; ok, err = c.next() {
			keys = append(keys, c.key)
		}
		return err
	})
	if err != nil || len(keys) < 3 {
		t.Fatalf("%d blocks, %v", len(keys), err)
	}
	return s, keys
}
