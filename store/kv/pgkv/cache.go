package pgkv

import (
	"bytes"
	"container/list"
	"slices"
	"sync"
)

// cache keeps values of buckets that are large and mostly stay as they are, with the versions
// that put them: a value that a transaction would read is not sent again. Whether it is still
// the one under its key, the server says each time.
type cache struct {
	mu    sync.Mutex
	most  int // bytes
	used  int
	order list.List // of *kept, the one used last at the front
	// in holds the keys of each bucket, sorted.
	in map[string][]*kept
}

type kept struct {
	row
	bucket  string
	element *list.Element
}

func newCache(most int) *cache { return &cache{most: most, in: make(map[string][]*kept)} }

// overhead is about how many bytes a value takes beside its own.
const overhead = 200

func (k *kept) size() int { return len(k.key) + len(k.value) + overhead }

// find returns where a key is among those of a bucket, or would be. The caller holds mu.
func (c *cache) find(bucket string, key []byte) (int, bool) {
	return slices.BinarySearchFunc(c.in[bucket], key, func(k *kept, key []byte) int { return bytes.Compare(k.key, key) })
}

// get returns what is kept under a key.
func (c *cache) get(bucket string, key []byte) (row, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i, ok := c.find(bucket, key)
	if !ok {
		return row{}, false
	}
	k := c.in[bucket][i]
	c.order.MoveToFront(k.element)
	return k.row, true
}

// around returns up to n rows that are kept from a key on, or, back, before it and at it.
func (c *cache) around(bucket string, key []byte, n int, back bool) []row {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.in[bucket]
	i, found := c.find(bucket, key)
	from, to := i, min(len(all), i+n)
	if back {
		if found {
			i++
		}
		from, to = max(0, i-n), i
	}
	rows := make([]row, 0, to-from)
	for _, k := range all[from:to] {
		rows = append(rows, k.row)
	}
	return rows
}

// put keeps a row, unless a newer one of its key is kept.
func (c *cache) put(bucket string, r row) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(r.value)+len(r.key)+overhead > c.most/4 {
		return
	}
	i, ok := c.find(bucket, r.key)
	if ok {
		k := c.in[bucket][i]
		if k.version >= r.version {
			return
		}
		c.used -= k.size()
		k.row = r
		c.used += k.size()
		c.order.MoveToFront(k.element)
	} else {
		k := &kept{row: r, bucket: bucket}
		k.element = c.order.PushFront(k)
		c.in[bucket] = slices.Insert(c.in[bucket], i, k)
		c.used += k.size()
	}
	for c.used > c.most {
		c.drop(c.order.Back().Value.(*kept))
	}
}

// drop forgets a row. The caller holds mu.
func (c *cache) drop(k *kept) {
	i, _ := c.find(k.bucket, k.key)
	c.in[k.bucket] = slices.Delete(c.in[k.bucket], i, i+1)
	c.order.Remove(k.element)
	c.used -= k.size()
}

// clear forgets everything.
func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.in)
	c.order.Init()
	c.used = 0
}
