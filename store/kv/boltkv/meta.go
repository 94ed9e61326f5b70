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

// freePages returns the numbers in a list of free pages, which begins at a page.
func freePages(m *image, id uint64) ([]uint64, error) {
	if id < 2 || id >= m.high {
		return nil, damage("it lies outside the %d pages of the file", m.high)
	}
	from := int64(id) * int64(m.pageSize)
	head, err := m.src.bytes(from, pageHead+8)
	if err != nil {
		return nil, err
	}
	more, n, at := uint64(native.Uint32(head[12:])), uint64(native.Uint16(head[10:])), pageHead
	if native.Uint64(head) != id || native.Uint16(head[8:]) != flagFreelist || more >= m.high-id {
		return nil, damage("it is no list of free pages")
	}
	if n == 0xFFFF { // and more, so that it stands before them
		n, at = native.Uint64(head[pageHead:]), pageHead+8
	}
	size := (more + 1) * uint64(m.pageSize)
	if n > (size-uint64(at))/8 {
		return nil, damage("%d free pages do not fit into it", n)
	}
	b, err := m.src.bytes(from, int(size))
	if err != nil {
		return nil, err
	}
	ids := make([]uint64, n)
	for i := range ids {
		ids[i] = native.Uint64(b[at+8*i:])
		if ids[i] < 2 || ids[i] >= m.high || i > 0 && ids[i] <= ids[i-1] {
			return nil, damage("%d cannot be the next free page", ids[i])
		}
	}
	return ids, nil
}
