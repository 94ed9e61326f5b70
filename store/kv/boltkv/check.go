package boltkv

import (
	"errors"
	"fmt"

	"auditlog/store/kv"
)

// Check reads every page that is in use, each key and the checksums: pages are reached once,
// hold what leads to them, and are not free. What is behind a damaged page cannot be
// reached, and is not reported by itself.
func (db *DB) Check(report func(error)) error {
	bolt, err := db.begin(false)
	if err != nil {
		return err
	}
	defer bolt.Rollback()
	return db.guard(func() error {
		s := db.newState(bolt).unkept() // nothing is believed that was found whole before
		c := newChecker(&s.image, func(err error) { report(fmt.Errorf("%s: %w", db.Name(), err)) })
		if err := c.free(&s.image); err != nil {
			return err
		}
		return c.buckets(&s.roots, db.opts.Summed)
	})
}

// checker walks a whole file.
type checker struct {
	reached pageSet // among those that are in use
	unused  pageSet // those that are said to be free
	report  func(error)
	told    int // how often
	// structure leaves keys and values unread but for what leads to pages.
	structure bool
	lacking   []lack // buckets of which a part is not there
}

// lack says why a bucket cannot be read.
type lack struct {
	bucket string
	err    error
}

func newChecker(m *image, report func(error)) *checker {
	return &checker{reached: newPageSet(m.high), unused: newPageSet(m.high), report: report}
}

// tell reports damage; another error, as one of the disk, ends the check.
func (c *checker) tell(err error) error {
	if err != nil && errors.Is(err, kv.ErrDamaged) {
		c.told++
		c.report(err)
		return nil
	}
	return err
}

// free reads which pages are said to be free, if that is written down.
func (c *checker) free(m *image) error {
	newest, err := newestMeta(m.src)
	if err != nil || newest.free == noFreelist {
		return err
	}
	ids, _, err := freePages(m, newest.free)
	if err != nil {
		return c.tell(fmt.Errorf("list of free pages, page %d: %w", newest.free, err))
	}
	for _, id := range ids {
		c.unused.add(id)
	}
	return nil
}

// buckets walks the list of buckets, and each of them.
func (c *checker) buckets(roots *tree, summed []string) error {
	return c.tree(roots, func(w *walker) error {
		name, v, err := w.here()
		if err != nil {
			return c.tell(err)
		}
		if string(name) == stampName {
			return nil // which was held against the rest when the transaction began
		}
		whole := true
		for _, s := range summed {
			whole = whole && s != string(name)
		}
		b, err := roots.bucket(w.top().page.id, string(name), v, whole)
		if err != nil {
			return c.tell(err)
		}
		return c.bucket(b)
	})
}

// bucket walks a bucket. Its total says whether a part of it is missing that nothing leads to.
func (c *checker) bucket(b *tree) error {
	var total uint64
	before := c.told
	err := c.tree(b, func(w *walker) error {
		v, _ := w.top().page.value(w.top().index)
		total += b.sumOf(v)
		if c.structure {
			return nil
		}
		_, _, err := w.here()
		return c.tell(err)
	})
	if err == nil && c.told == before && total != b.total {
		lacks := b.at(b.root, damage("what it leads to is not all of the bucket, or not what was written last"))
		c.lacking = append(c.lacking, lack{b.name, lacks})
		return c.tell(lacks)
	}
	return err
}

// tree calls fn with a walker at each element of a tree that can be reached.
func (c *checker) tree(t *tree, fn func(*walker) error) error {
	w := &walker{t: t}
	if _, err := w.start(); err != nil {
		return c.tell(err)
	}
	return c.below(w, fn)
}

// below does so for what is below the top of a walker.
func (c *checker) below(w *walker, fn func(*walker) error) error {
	depth := len(w.stack)
	p := w.top().page
	if w.t.inline == nil {
		more := uint64(native.Uint32(p.data[12:]))
		for id := p.id; id <= p.id+more; id++ {
			if c.reached.has(id) {
				return c.tell(w.t.at(id, damage("it is reached twice")))
			}
			if c.unused.has(id) {
				c.tell(w.t.at(id, damage("it is in use and among the free pages")))
			}
			c.reached.add(id)
		}
	}
	for i := range p.n {
		w.stack, w.upper = w.stack[:depth], w.upper[:depth]
		w.top().index = i
		if p.leaf {
			if err := fn(w); err != nil {
				return err
			}
			continue
		}
		err := w.down()
		if err == nil {
			err = c.below(w, fn)
		}
		if err := c.tell(err); err != nil {
			return err
		}
	}
	w.stack, w.upper = w.stack[:depth], w.upper[:depth]
	return nil
}
