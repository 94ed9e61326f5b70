package boltkv

import (
	"errors"
	"hash/fnv"
	"io"
)

// The layout of bbolt's two meta pages, which are the first of the file and the second:
// behind the head of the page come magic, version, page size and flags of four bytes each,
// then the root (16 bytes), the free list, how many pages there are, the transaction, and a
// checksum of what comes before it.
const (
	metaMagic  = 0xed0cdaed
	metaRoot   = 16
	metaFree   = 32
	metaPages  = 40
	metaTx     = 48
	metaSum    = 56
	metaLength = 64
)

// noFreelist is where a meta page says that the free pages are when nowhere does.
const noFreelist = ^uint64(0)

// meta is what a whole meta page says.
type meta struct {
	pageSize   int
	root, free uint64 // pages
	high       uint64 // how many pages there are
	tx         uint64
	sum        uint64
}

// newestMeta returns what the newest whole meta page says, which bbolt goes by. Its
// transaction is 0 where there is none.
func newestMeta(src source) (meta, error) {
	var newest meta
	for _, at := range []int64{0, 1 << 10, 2 << 10, 4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10} { // the second, by size of page
		b, err := src.bytes(at, pageHead+metaLength)
		if errors.Is(err, io.EOF) || errors.Is(err, errBeyond) {
			break
		}
		if err != nil {
			return meta{}, err
		}
		m := b[pageHead:]
		sum := fnv.New64a()
		sum.Write(m[:metaSum])
		got := meta{
			pageSize: int(native.Uint32(m[8:])), root: native.Uint64(m[metaRoot:]), free: native.Uint64(m[metaFree:]),
			high: native.Uint64(m[metaPages:]), tx: native.Uint64(m[metaTx:]), sum: native.Uint64(m[metaSum:]),
		}
		if native.Uint32(m) == metaMagic && got.sum == sum.Sum64() && got.tx >= newest.tx && (at == 0 || int64(got.pageSize) == at) {
			newest = got
		}
	}
	return newest, nil
}

// The list of free pages lies in pages that belong together: behind the head, their numbers. More than
// the head can count stand behind their count, for which the head has manyFree.
const manyFree = 0xFFFF

// freePages returns the numbers in a list of free pages, which begins at a page, and the page behind it.
func freePages(m *image, id uint64) (ids []uint64, end uint64, err error) {
	if id < 2 || id >= m.high {
		return nil, 0, damage("it lies outside the %d pages of the file", m.high)
	}
	from := int64(id) * int64(m.pageSize)
	head, err := m.src.bytes(from, pageHead+8)
	if err != nil {
		return nil, 0, err
	}
	more, n, at := uint64(native.Uint32(head[12:])), uint64(native.Uint16(head[10:])), pageHead
	if native.Uint64(head) != id || native.Uint16(head[8:]) != flagFreelist || more >= m.high-id {
		return nil, 0, damage("it is no list of free pages")
	}
	if n == manyFree {
		n, at = native.Uint64(head[pageHead:]), pageHead+8
	}
	size := (more + 1) * uint64(m.pageSize)
	if n > (size-uint64(at))/8 {
		return nil, 0, damage("%d free pages do not fit into it", n)
	}
	b, err := m.src.bytes(from, int(size))
	if err != nil {
		return nil, 0, err
	}
	ids = make([]uint64, n)
	for i := range ids {
		ids[i] = native.Uint64(b[at+8*i:])
		if ids[i] < 2 || ids[i] >= m.high || i > 0 && ids[i] <= ids[i-1] {
			return nil, 0, damage("%d cannot be the next free page", ids[i])
		}
	}
	return ids, id + more + 1, nil
}

// freeList returns the pages of a list of free pages that begins at a page.
func freeList(id uint64, pageSize int, ids []uint64) []byte {
	n := len(ids)
	if n >= manyFree {
		ids = append([]uint64{uint64(n)}, ids...)
	}
	pages := (pageHead + 8*len(ids) + pageSize - 1) / pageSize
	b := make([]byte, pages*pageSize)
	native.PutUint64(b, id)
	native.PutUint16(b[8:], flagFreelist)
	native.PutUint16(b[10:], uint16(min(n, manyFree)))
	native.PutUint32(b[12:], uint32(pages-1))
	for i, free := range ids {
		native.PutUint64(b[pageHead+8*i:], free)
	}
	return b
}
