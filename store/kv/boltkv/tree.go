package boltkv

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"auditlog/store/kv"
)

// tree is one bucket in one state of the file. bbolt believes every page that it reads: one
// that turned takes the process down, or has what stands in it be found nowhere. So reading
// goes through this instead, which holds each page against itself, against the page that
// leads to it, and each key and value against their checksum. It names page and bucket.
type tree struct {
	image  *image
	known  *state // and what was found whole of it
	name   string // of the bucket
	seed   uint32 // checksum of the name
	whole  bool   // values are summed, not only keys
	inline *page  // the one page of a small bucket, which lies in its parent's
	root   uint64 // otherwise
	total  uint64 // of the checksums of all values, as the list of buckets has it
	isRoot bool   // its values are buckets, which carry no checksum
	// endings says that the total of a bucket that is not whole takes in the checksums that its values
	// end in.
	endings bool
}

// The checksum at the end of each value is CRC-32C over the name of the bucket, the key and
// the value, or over name and key alone where values carry one of their own.
const sumSize = 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (t *tree) sum(key, value []byte) uint32 {
	s := crc32.Update(t.seed, castagnoli, key)
	if t.whole {
		s = crc32.Update(s, castagnoli, value)
	}
	return s
}

// appendSummed appends value to b with its checksum.
func (t *tree) appendSummed(b, key, value []byte) []byte {
	return binary.BigEndian.AppendUint32(append(b, value...), t.sum(key, value))
}

// summed returns what appendSummed was given.
func (t *tree) summed(key, v []byte) (value []byte, err error) {
	defer kv.Faulted(&err)
	if len(v) < sumSize {
		return nil, damage("key %x has a value of %d bytes", key, len(v))
	}
	value = v[: len(v)-sumSize : len(v)-sumSize]
	if binary.BigEndian.Uint32(v[len(value):]) != t.sum(key, value) {
		return nil, damage("key %x: checksum does not match", key)
	}
	return value, nil
}

// at says of an error on which page it is.
func (t *tree) at(id uint64, err error) error {
	name := "bucket " + t.name
	if t.isRoot {
		name = "list of buckets"
	}
	return fmt.Errorf("%s, page %d: %w", name, id, err)
}

// newTree returns the tree of a bucket in a state.
func newTree(s *state, name string, whole bool) *tree {
	t := &tree{known: s, name: name, seed: crc32.Checksum([]byte(name), castagnoli), whole: whole}
	if s != nil {
		t.image = &s.image
	}
	return t
}

// page returns a page of the tree.
func (t *tree) page(id uint64) (*page, error) {
	if p := t.known.page(id); p != nil {
		return p, nil
	}
	p, err := t.image.page(id)
	if err != nil {
		return nil, t.at(id, err)
	}
	t.known.found(&p)
	return &p, nil
}

// step is a page on the way to a key, and the element at which that goes on.
type step struct {
	page  *page
	index int
}

// walker is a place in a tree.
type walker struct {
	t     *tree
	stack []step
	upper [][]byte // behind the keys of each page of the stack; nil: there is no bound
	// Most trees are not deeper than what lies here.
	steps  [4]step
	uppers [4][]byte
}

// maxDepth is deeper than any tree: pages that lead in circles are not followed for ever.
const maxDepth = 48

// start puts the root on the stack. ok is false where the bucket is empty.
func (w *walker) start() (ok bool, err error) {
	w.stack, w.upper = w.steps[:0], w.uppers[:0]
	p := w.t.inline
	if p == nil {
		if p, err = w.t.page(w.t.root); err != nil {
			return false, w.t.hide(nil, nil, err)
		}
	}
	w.stack, w.upper = append(w.stack, step{page: p}), append(w.upper, nil)
	return p.n > 0, nil
}

// top returns the deepest step.
func (w *walker) top() *step { return &w.stack[len(w.stack)-1] }

// down goes on to the child at the index of the branch on top, which must hold the keys from
// its element's on and before the next one's.
func (w *walker) down() error {
	s := w.top()
	if len(w.stack) == maxDepth {
		return w.t.at(s.page.id, damage("pages lead in circles"))
	}
	id, from := s.page.child(s.index), s.page.key(s.index)
	upper := w.upper[len(w.upper)-1]
	if s.index+1 < s.page.n {
		upper = s.page.key(s.index + 1)
	}
	p, err := w.t.page(id)
	if err != nil {
		return w.t.hide(from, upper, err)
	}
	atMost := false
	switch {
	case p.n == 0:
		err = damage("it is empty")
	case !bytes.Equal(p.key(0), from):
		err = damage("it begins with key %x, and page %d leads to %x there", p.key(0), s.page.id, from)
		if bytes.Compare(p.key(0), from) < 0 {
			from, atMost = p.key(0), true // either of them may be what turned
		}
	case upper != nil && bytes.Compare(p.key(p.n-1), upper) >= 0:
		err = damage("it ends with key %x, and page %d leads there before %x", p.key(p.n-1), s.page.id, upper)
	}
	if err != nil {
		err = w.t.hide(from, upper, w.t.at(id, err))
		if h, ok := err.(*kv.Hidden); ok {
			h.AtMost = atMost
		}
		return err
	}
	w.stack, w.upper = append(w.stack, step{page: p}), append(w.upper, upper)
	return nil
}

// hide says of damage which keys it hides.
func (t *tree) hide(from, to []byte, err error) error {
	if t.isRoot || !errors.Is(err, kv.ErrDamaged) {
		return err
	}
	return &kv.Hidden{Bucket: t.name, From: bytes.Clone(from), To: bytes.Clone(to), Err: err}
}

// edge goes down to the first leaf below the top, or the last one, and its first or last element.
func (w *walker) edge(last bool) error {
	for {
		s := w.top()
		if last {
			s.index = s.page.n - 1
		} else {
			s.index = 0
		}
		if s.page.leaf {
			return nil
		}
		if err := w.down(); err != nil {
			return err
		}
	}
}

// path goes to the leaf in which key is, or would be, and to the first element there
// that is not before it, which may be behind the leaf's end.
func (w *walker) path(key []byte) (found bool, err error) {
	if ok, err := w.start(); !ok || err != nil {
		return false, err
	}
	for {
		s := w.top()
		i, found := s.page.search(key)
		if s.page.leaf {
			s.index = i
			return found, nil
		}
		if !found {
			i = max(i-1, 0)
		}
		s.index = i
		if err := w.down(); err != nil {
			return false, err
		}
	}
}

// seek goes to the first key that is not before key. ok is false where there is none.
//
// An element before it whose key turned may be what was looked for, so it is held against its
// checksum too. One in the leaf before cannot be: that leaf's keys are all before this one's.
func (w *walker) seek(key []byte) (found, ok bool, err error) {
	found, err = w.path(key)
	if err != nil || found {
		return found, found, err
	}
	s := w.top()
	if s.page.n == 0 {
		return false, false, nil
	}
	if s.index > 0 {
		if _, _, err := w.element(s.index - 1); err != nil {
			return false, false, err
		}
	}
	if s.index == s.page.n {
		s.index--
		ok, err = w.move(false)
		return false, ok, err
	}
	return false, true, nil
}

// move goes to the next element, or the one before. ok is false behind the last, where the
// walker stays.
func (w *walker) move(back bool) (ok bool, err error) {
	for i := len(w.stack) - 1; i >= 0; i-- {
		s := &w.stack[i]
		switch {
		case back && s.index > 0:
			s.index--
		case !back && s.index+1 < s.page.n:
			s.index++
		default:
			continue
		}
		if s.page.leaf {
			return true, nil
		}
		w.stack, w.upper = w.stack[:i+1], w.upper[:i+1]
		if err := w.down(); err != nil {
			return false, err
		}
		return true, w.edge(back)
	}
	return false, nil
}

// each calls fn at each element, in their order.
func (t *tree) each(fn func(w *walker) error) error {
	w := walker{t: t}
	ok, err := w.start()
	if ok && err == nil {
		err = w.edge(false)
	}
	for ok && err == nil {
		if err = fn(&w); err == nil {
			ok, err = w.move(false)
		}
	}
	return err
}

// before goes to the last key before one, which is where damage begins that was come across:
// what is there is not looked at.
func (w *walker) before(key []byte) (ok bool, err error) {
	if ok, err := w.start(); !ok || err != nil {
		return false, err
	}
	for {
		s := w.top()
		i, _ := s.page.search(key)
		if i == 0 {
			return false, nil // of the root: what is below it begins before key
		}
		s.index = i - 1
		if s.page.leaf {
			return true, nil
		}
		if err := w.down(); err != nil {
			return false, err
		}
	}
}

// here returns key and value where the walker is.
func (w *walker) here() (key, value []byte, err error) { return w.element(w.top().index) }

// element returns key and value of an element of the leaf on top, once they match their checksum.
func (w *walker) element(i int) (key, value []byte, err error) {
	p := w.top().page
	key = p.key(i)
	v, bucket := p.value(i)
	switch {
	case bucket != w.t.isRoot:
		err = damage("key %x: a bucket is where none can be, or the other way round", key)
	case bucket:
		return key, v, nil
	default:
		value, err = w.t.summed(key, v)
	}
	if err == nil {
		return key, value, nil
	}
	from, to := w.between(i)
	return nil, nil, w.t.hide(from, to, w.t.at(p.id, err))
}

// between returns the keys that element i of the leaf on top lies between, whatever its own is.
func (w *walker) between(i int) (from, to []byte) {
	p := w.top().page
	to = w.upper[len(w.upper)-1]
	if i+1 < p.n {
		to = p.key(i + 1)
	}
	switch {
	case i > 0:
		from = append(bytes.Clone(p.key(i-1)), 0)
	case len(w.stack) > 1:
		from = p.key(0) // as the page above has it
	}
	return from, to
}

// around reads the pages beside those on the way, which bbolt may merge with them.
func (w *walker) around() error {
	for i, s := range w.stack[:len(w.stack)-1] {
		for _, beside := range []int{s.index - 1, s.index + 1} {
			if beside < 0 || beside >= s.page.n {
				continue
			}
			side := walker{t: w.t, stack: slices.Clone(w.stack[:i+1]), upper: w.upper[: i+1 : i+1]}
			side.top().index = beside
			if err := side.down(); err != nil {
				return err
			}
		}
	}
	return nil
}

// sumOf returns what a value adds to the total of its bucket: the checksum at its end, and that
// of its own where it has one, of which the first does not tell. It is 0 of no value.
func (t *tree) sumOf(v []byte) uint64 {
	if !t.whole && t.endings {
		return ending(v)
	}
	return keySum(v)
}

// ending returns the last two checksums of a value.
func ending(v []byte) uint64 {
	if len(v) < 2*sumSize {
		return keySum(v)
	}
	return binary.BigEndian.Uint64(v[len(v)-2*sumSize:])
}

// keySum returns the last checksum of a value.
func keySum(v []byte) uint64 {
	if len(v) < sumSize {
		return 0
	}
	return uint64(binary.BigEndian.Uint32(v[len(v)-sumSize:]))
}

// sumOfLeaf adds up those of a leaf.
func (t *tree) sumOfLeaf(p *page) (total uint64) {
	for i := range p.n {
		v, _ := p.value(i)
		total += t.sumOf(v)
	}
	return total
}

// bucketHead is how a bucket begins where its parent leads to it: root page, and a number
// that bbolt leaves to its users, which is the sum of the checksums of all values. Then comes
// the page itself if the bucket is small.
//
// Nothing in the file tells a root of now from one of before, or from a page below it: the total
// does. That of a bucket of one page is compared whenever it is opened, that of others when
// all of it is walked.
const bucketHead = 16

// open returns the bucket of a name in the tree of buckets, or nil.
func (t *tree) open(name string, whole bool) (*tree, error) {
	w := walker{t: t}
	found, _, err := w.seek([]byte(name))
	if err != nil || !found {
		return nil, err
	}
	_, v, err := w.here()
	if err != nil {
		return nil, err
	}
	return t.bucket(w.top().page.id, name, v, whole)
}

// bucket returns the bucket that a page of the tree of buckets holds under a name.
func (t *tree) bucket(id uint64, name string, v []byte, whole bool) (*tree, error) {
	if len(v) < bucketHead {
		return nil, t.at(id, damage("bucket %s has %d bytes", name, len(v)))
	}
	b := newTree(t.known, name, whole)
	b.endings, b.root, b.total = t.endings, native.Uint64(v), native.Uint64(v[8:])
	if b.root != 0 {
		if len(v) != bucketHead {
			return nil, t.at(id, damage("bucket %s has %d bytes and a page of its own", name, len(v)))
		}
		p, err := b.page(b.root)
		if err == nil && p.leaf && b.sumOfLeaf(p) != b.total {
			err = b.at(b.root, damage("it is not all of the bucket, or not what was written last"))
		}
		return b, err
	}
	p, used, err := checkPage(v[bucketHead:])
	if err == nil && (!p.leaf || used != len(v)-bucketHead || native.Uint64(p.data) != 0 || native.Uint32(p.data[12:]) != 0) {
		err = damage("its page of %d bytes is no leaf", len(v)-bucketHead)
	}
	if err != nil {
		return nil, b.at(id, err)
	}
	p.id = id
	b.inline = &p
	if b.sumOfLeaf(&p) != b.total {
		return nil, b.at(id, damage("it is not what was written last"))
	}
	return b, nil
}
