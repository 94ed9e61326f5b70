package kept

import (
	"bytes"
	"container/list"
	"slices"
	"sync"
)

// Cache is values by bucket and key. Its methods may be called by several goroutines at once.
type Cache struct {
	mu    sync.Mutex
	most  int // bytes
	used  int
	order list.List // of *value, the one used last at the front
	// in holds the keys of each bucket, sorted.
	in map[string][]*value
}

type value struct {
	Value
	bucket  string
	element *list.Element
}

// Value is what is kept under a key, with the version that put it. It is not to be changed.
type Value struct {
	Key     []byte
	Version int64
	Bytes   []byte
}

// New returns an empty cache of at most so many bytes.
func New(most int) *Cache { return &Cache{most: most, in: make(map[string][]*value)} }

// overhead is about how many bytes a value takes beside its own.
const overhead = 200

func (k *value) size() int { return len(k.Key) + len(k.Bytes) + overhead }

// find returns where a key is among those of a bucket, or would be. The caller holds mu.
func (c *Cache) find(bucket string, key []byte) (int, bool) {
	return slices.BinarySearchFunc(c.in[bucket], key, func(k *value, key []byte) int { return bytes.Compare(k.Key, key) })
}

// Get returns what is kept under a key.
func (c *Cache) Get(bucket string, key []byte) (Value, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i, ok := c.find(bucket, key)
	if !ok {
		return Value{}, false
	}
	k := c.in[bucket][i]
	c.order.MoveToFront(k.element)
	return k.Value, true
}

// Around returns up to n values that are kept from a key on, or, back, before it and at it.
func (c *Cache) Around(bucket string, key []byte, n int, back bool) []Value {
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
	values := make([]Value, 0, to-from)
	for _, k := range all[from:to] {
		values = append(values, k.Value)
	}
	return values
}

// Put keeps a value, unless a newer one of its key is kept.
func (c *Cache) Put(bucket string, v Value) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(v.Bytes)+len(v.Key)+overhead > c.most/4 {
		return
	}
	i, ok := c.find(bucket, v.Key)
	if ok {
		k := c.in[bucket][i]
		if k.Version >= v.Version {
			return
		}
		c.used -= k.size()
		k.Value = v
		c.used += k.size()
		c.order.MoveToFront(k.element)
	} else {
		k := &value{Value: v, bucket: bucket}
		k.element = c.order.PushFront(k)
		c.in[bucket] = slices.Insert(c.in[bucket], i, k)
		c.used += k.size()
	}
	for c.used > c.most {
		c.drop(c.order.Back().Value.(*value))
	}
}

// drop forgets a value. The caller holds mu.
func (c *Cache) drop(k *value) {
	i, _ := c.find(k.bucket, k.Key)
	c.in[k.bucket] = slices.Delete(c.in[k.bucket], i, i+1)
	c.order.Remove(k.element)
	c.used -= k.size()
}

// Clear forgets everything.
func (c *Cache) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.in)
	c.order.Init()
	c.used = 0
}
