package boltkv

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"auditlog/filelock"
	"auditlog/store/kv"
)

// Carve calls fn with every row that a file still has whose checksum says of which bucket it is,
// of the buckets with names: also of a file whose list of buckets or head is damaged, or that
// was cut off. It goes by no tree, so rows of earlier states, and such as were deleted, are among
// them, in no order; what is the newest of a key is for the caller to know. fn must not keep
// key or value.
func Carve(path string, names []string, opts Options, fn func(bucket string, key, value []byte) error) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read database: %w", err)
	}
	defer f.Close()
	if _, err := filelock.Take(f); err != nil {
		return fmt.Errorf("open %s: %w", path, kv.ErrInUse)
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	c := carver{src: osFile{f}, fn: fn}
	for _, name := range names {
		c.trees = append(c.trees, newTree(nil, name, !slices.Contains(opts.Summed, name)))
	}
	size := os.Getpagesize()
	if m, err := newestMeta(c.src); err == nil && m.pageSize > 0 {
		size = m.pageSize
	}
	for at := int64(2 * size); at+int64(pageHead) <= info.Size(); at += int64(size) {
		if err := c.page(at, size, info.Size()); err != nil {
			return err
		}
	}
	return nil
}

type carver struct {
	src   source
	trees []*tree
	fn    func(bucket string, key, value []byte) error
	last  *tree // whose row was found last: its neighbours mostly are of the same
}

// page looks at what begins at a place of the file.
func (c *carver) page(at int64, size int, end int64) error {
	head, err := c.src.bytes(at, pageHead)
	if err != nil || native.Uint16(head[8:]) != flagLeaf || native.Uint64(head) != uint64(at)/uint64(size) {
		return unlessDamaged(err)
	}
	more := int64(native.Uint32(head[12:]))
	n := min((more+1)*int64(size), end-at)
	if more > end/int64(size) {
		return nil
	}
	data, err := c.src.bytes(at, int(n))
	if err != nil {
		return unlessDamaged(err)
	}
	p, _, err := checkPage(data)
	if err != nil {
		return nil
	}
	return c.rows(&p)
}

func unlessDamaged(err error) error {
	if errors.Is(err, kv.ErrDamaged) {
		return nil
	}
	return err
}

// rows looks at the rows of a leaf. A small bucket lies in a row itself.
func (c *carver) rows(p *page) error {
	for i := range p.n {
		key := p.key(i)
		v, bucket := p.value(i)
		if bucket {
			if len(v) > bucketHead {
				if inner, _, err := checkPage(v[bucketHead:]); err == nil && inner.leaf {
					if err := c.rows(&inner); err != nil {
						return err
					}
				}
			}
			continue
		}
		if t, value := c.find(key, v); t != nil {
			c.last = t
			if err := c.fn(t.name, key, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// find returns of which bucket a row is.
func (c *carver) find(key, v []byte) (*tree, []byte) {
	if c.last != nil {
		if value, err := c.last.summed(key, v); err == nil {
			return c.last, value
		}
	}
	for _, t := range c.trees {
		if value, err := t.summed(key, v); err == nil {
			return t, value
		}
	}
	return nil, nil
}
