package store

import (
	"go.etcd.io/bbolt"
)

// Release gives memory back that only makes reading faster: opened blocks, and what
// this process has mapped of the file, which the system keeps while it has room.
// It is for a log that nobody asks anything of.
func (s *Store) Release() error {
	s.cache.clear()
	return s.read(func(tx *bbolt.Tx) error { // while it lasts, the map stays where it is
		return releaseMap(s.db.Info().Data, uintptr(tx.Size()))
	})
}

// clear forgets all blocks.
func (c *blockCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.items)
	c.order.Init()
	c.data.Init()
	c.used, c.loaded = 0, 0
}
