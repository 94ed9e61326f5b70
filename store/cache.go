package store

import (
	"container/list"
	"sync"

	"auditlog/store/block"
)

// blockCache keeps opened blocks, those used last, up to a number of bytes.
type blockCache struct {
	mu    sync.Mutex
	limit int
	used  int
	items map[BlockKey]*list.Element
	order *list.List // of *cached, the one used last at the front
}

type cached struct {
	key  BlockKey
	b    *block.Block
	size int
}

func newBlockCache(limit int) *blockCache {
	return &blockCache{limit: limit, items: make(map[BlockKey]*list.Element), order: list.New()}
}

// get returns the block under key if it is that of the sequence seq.
func (c *blockCache) get(key BlockKey, seq uint64) *block.Block {
	c.mu.Lock()
	defer c.mu.Unlock()
	el := c.items[key]
	if el == nil {
		return nil
	}
	item := el.Value.(*cached)
	if item.b.Seq() != seq {
		return nil
	}
	c.order.MoveToFront(el)
	c.charge(item) // what a block decodes when it is used comes on top
	c.trim()
	return item.b
}

func (c *blockCache) put(key BlockKey, b *block.Block) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if el := c.items[key]; el != nil {
		if el.Value.(*cached).b.Seq() > b.Seq() {
			return // a reader of an older state must not displace the newer
		}
		c.remove(el)
	}
	item := &cached{key: key, b: b}
	c.items[key] = c.order.PushFront(item)
	c.charge(item)
	c.trim()
}

// trim removes the blocks that were not used for longest. The caller holds mu.
func (c *blockCache) trim() {
	for c.used > c.limit && c.order.Len() > 1 {
		c.remove(c.order.Back())
	}
}

func (c *blockCache) charge(item *cached) {
	size := item.b.Size() + item.b.Memory()
	c.used += size - item.size
	item.size = size
}

func (c *blockCache) remove(el *list.Element) {
	item := c.order.Remove(el).(*cached)
	c.used -= item.size
	delete(c.items, item.key)
}
