package blocks

import (
	"container/list"
	"sync"

	"auditlog/store/block"
	"auditlog/store/format"
)

// blockCache keeps what is known of blocks that were opened, those used last, up to a
// number of bytes. The data of blocks, which the database holds in memory too, makes
// up a part of that at most: it is kept of those that are used often, which spares them
// the checksum that guards what is read from the database.
type blockCache struct {
	mu     sync.Mutex
	limit  int
	used   int
	loaded int // of used, what data takes
	calls  uint
	items  map[format.BlockKey]*cached
	order  list.List // of *cached, the one used last at the front
	data   list.List // likewise, of those with data
}

const (
	// dataShare is the part of the limit that data may take.
	dataShare = 2
	// oftenUsed is how often a block must be asked for until its data is kept.
	oftenUsed = 4
)

type cached struct {
	key     format.BlockKey
	b       *block.Block
	memory  int // as far as it is in blockCache.used
	uses    int // without data
	inOrder *list.Element
	inData  *list.Element // nil: it has none
}

func newBlockCache(limit int) *blockCache {
	return &blockCache{limit: limit, items: make(map[format.BlockKey]*cached)}
}

// get returns the block under key if it is that of the sequence seq, and whether its
// data, which it may be without, had better be put here.
func (c *blockCache) get(key format.BlockKey, seq uint64) (b *block.Block, often bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	item := c.items[key]
	if item == nil || item.b.Seq() != seq {
		return nil, false
	}
	c.order.MoveToFront(item.inOrder)
	if item.inData != nil {
		c.data.MoveToFront(item.inData)
	} else {
		item.uses++
	}
	c.settle()
	return item.b, item.uses >= oftenUsed
}

// put adds a block, or its data to one that is there.
func (c *blockCache) put(key format.BlockKey, b *block.Block) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if item := c.items[key]; item != nil {
		if item.b.Seq() > b.Seq() {
			return // a reader of an older state must not displace the newer
		}
		c.remove(item)
	}
	item := &cached{key: key, b: b}
	item.inOrder = c.order.PushFront(item)
	c.items[key] = item
	if b.HasData() {
		item.inData = c.data.PushFront(item)
		c.used += b.Size()
		c.loaded += b.Size()
	}
	c.settle()
}

const (
	// settleRecent is how many of the blocks used last are charged at each use of
	// one, and settleEvery at which uses all are.
	settleRecent = 3
	settleEvery  = 256
)

// settle charges what blocks have decoded since they were given out, which is after
// each use, and keeps the cache in its limit. The caller holds mu.
func (c *blockCache) settle() {
	n := settleRecent
	if c.calls++; c.calls%settleEvery == 0 {
		n = len(c.items)
	}
	for el := c.order.Front(); el != nil && n > 0; el = el.Next() {
		c.charge(el.Value.(*cached))
		n--
	}
	c.trim()
}

// trim removes the data, and then the blocks, that were not used for longest. The
// caller holds mu.
func (c *blockCache) trim() {
	for c.loaded > c.limit/dataShare && c.data.Len() > 1 {
		c.unload(c.data.Back().Value.(*cached))
	}
	for c.used > c.limit && c.order.Len() > 1 {
		c.remove(c.order.Back().Value.(*cached))
	}
}

func (c *blockCache) charge(item *cached) {
	memory := item.b.Memory()
	c.used += memory - item.memory
	item.memory = memory
}

// unload lets the data of a block go.
func (c *blockCache) unload(item *cached) {
	c.data.Remove(item.inData)
	item.inData, item.uses = nil, 0
	c.used -= item.b.Size()
	c.loaded -= item.b.Size()
	item.b = item.b.Without()
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

func (c *blockCache) remove(item *cached) {
	if item.inData != nil {
		c.unload(item)
	}
	c.order.Remove(item.inOrder)
	c.used -= item.memory
	delete(c.items, item.key)
}
