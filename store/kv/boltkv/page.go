package boltkv

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"auditlog/store/kv"
)

// The layout of bbolt's pages: a head of number (8), flags (2), how many elements there are
// (2), and how many pages follow that belong to it (4); then the elements of 16 bytes each,
// then their keys and values in the same order, one behind the other without a gap. Integers
// are in the order of the machine's bytes.
const (
	pageHead    = 16
	elementSize = 16

	flagBranch   = 1
	flagLeaf     = 2
	flagFreelist = 0x10

	elementBucket = 1 // flag of an element of a leaf: its value is a bucket
)

var native = binary.NativeEndian

// page is a branch or a leaf as it lies in the file, found whole by checkPage.
type page struct {
	id   uint64 // 0: it lies within a value of another page
	leaf bool
	n    int
	data []byte
}

// source gives bytes of the file.
type source interface {
	bytes(from int64, n int) ([]byte, error)
}

// image is one state of the file: pages up to a number. It believes nothing that it reads.
type image struct {
	src      source
	pageSize int
	high     uint64 // how many pages there are
}

// damage is an error about a page.
func damage(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{kv.ErrDamaged}, args...)...)
}

// page returns page id of a tree if it is whole.
func (m *image) page(id uint64) (p page, err error) {
	defer kv.Faulted(&err)
	if id < 2 || id >= m.high {
		return page{}, damage("it lies outside the %d pages of the file", m.high)
	}
	from := int64(id) * int64(m.pageSize)
	head, err := m.src.bytes(from, pageHead)
	if err != nil {
		return page{}, err
	}
	more := uint64(native.Uint32(head[12:]))
	if got := native.Uint64(head); got != id {
		return page{}, damage("it says that it is page %d", got)
	}
	if more >= m.high-id {
		return page{}, damage("%d more pages belong to it, and the file ends before", more)
	}
	data, err := m.src.bytes(from, int(more+1)*m.pageSize)
	if err != nil {
		return page{}, err
	}
	p, used, err := checkPage(data)
	if err == nil && (used+m.pageSize-1)/m.pageSize != int(more)+1 {
		err = damage("%d more pages belong to %d bytes", more, used)
	}
	p.id = id
	return p, err
}

// checkPage returns the page that begins data, and how many bytes of it are used, unless what
// it says of itself contradicts itself: bbolt writes elements and what belongs to them in one
// way only, so that hardly a bit of a page but those of keys and values can be another.
func checkPage(data []byte) (page, int, error) {
	if len(data) < pageHead {
		return page{}, 0, damage("it is cut short")
	}
	p := page{data: data, n: int(native.Uint16(data[10:]))}
	switch flags := native.Uint16(data[8:]); flags {
	case flagLeaf:
		p.leaf = true
	case flagBranch:
		if p.n == 0 {
			return p, 0, damage("it leads nowhere")
		}
	default:
		return p, 0, damage("it is neither branch nor leaf, but %#x", flags)
	}
	end := pageHead + p.n*elementSize
	if end > len(data) {
		return p, 0, damage("%d elements do not fit into it", p.n)
	}
	var before []byte
	for i := range p.n {
		from, key, value := p.extent(i)
		if from != end || key <= 0 || key > len(data)-end || value > len(data)-end-key {
			return p, 0, damage("element %d of %d does not follow the one before", i, p.n)
		}
		if p.leaf && native.Uint32(data[pageHead+i*elementSize:]) > elementBucket {
			return p, 0, damage("element %d of %d is of no kind", i, p.n)
		}
		k := data[end : end+key]
		if i > 0 && bytes.Compare(before, k) >= 0 {
			return p, 0, damage("key %x of element %d is not behind %x", k, i, before)
		}
		before = k
		end += key + value
	}
	return p, end, nil
}

// extent returns where the key of element i begins, and the lengths of key and value.
func (p *page) extent(i int) (from, key, value int) {
	at := pageHead + i*elementSize
	e := p.data[at : at+elementSize]
	if p.leaf {
		return at + int(native.Uint32(e[4:])), int(native.Uint32(e[8:])), int(native.Uint32(e[12:]))
	}
	return at + int(native.Uint32(e)), int(native.Uint32(e[4:])), 0
}

// key returns the key of element i.
func (p *page) key(i int) []byte {
	from, n, _ := p.extent(i)
	return p.data[from : from+n : from+n]
}

// value returns the value of element i of a leaf, and whether it is a bucket.
func (p *page) value(i int) (v []byte, bucket bool) {
	from, n, size := p.extent(i)
	flags := native.Uint32(p.data[pageHead+i*elementSize:])
	return p.data[from+n : from+n+size : from+n+size], flags == elementBucket
}

// child returns the page that element i of a branch leads to.
func (p *page) child(i int) uint64 {
	return native.Uint64(p.data[pageHead+i*elementSize+8:])
}

// search returns the index of the first element whose key is not before key, and whether
// it is that key.
func (p *page) search(key []byte) (i int, found bool) {
	lo, hi := 0, p.n
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		switch c := bytes.Compare(p.key(mid), key); {
		case c == 0:
			return mid, true
		case c < 0:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return lo, false
}
