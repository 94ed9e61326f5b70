package boltkv

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"os"

	"auditlog/store/kv"
)

// checkWhole reports a file that is shorter than its newest meta page says. bbolt would map
// it even so, and whoever reads behind its end ends the process. It returns an error with
// kv.ErrDamaged in its chain, or that of the system where the file cannot be read.
func checkWhole(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() == 0 {
		return fmt.Errorf("%s: %w: it is empty", path, kv.ErrDamaged)
	}
	size, err := sizeInMeta(f)
	if err != nil {
		return err
	}
	if info.Size() < size {
		return fmt.Errorf("%s: %w: it has %d bytes of at least %d", path, kv.ErrDamaged, info.Size(), size)
	}
	return nil
}

// The layout of bbolt's two meta pages, which are the first of the file and the second:
// behind the head of the page come magic, version, page size and flags of four bytes each,
// then the root (16 bytes), the free list, how many pages there are, the transaction, and a
// checksum of what comes before it.
const (
	pageHead   = 16
	metaMagic  = 0xed0cdaed
	metaPages  = 40
	metaTx     = 48
	metaSum    = 56
	metaLength = 64
)

// sizeInMeta returns how long the newest whole meta page says that the file is, 0 where
// there is none, which bbolt itself reports.
func sizeInMeta(f io.ReaderAt) (int64, error) {
	var newest, size uint64
	for _, pageSize := range []int64{0, 4096, 8192, 16384, 32768, 65536} { // of the second page, the first comes before
		var b [pageHead + metaLength]byte
		if n, err := f.ReadAt(b[:], pageSize); n < len(b) {
			if err == io.EOF {
				break
			}
			return 0, err
		}
		m := b[pageHead:]
		sum := fnv.New64a()
		sum.Write(m[:metaSum])
		isMeta := binary.NativeEndian.Uint32(m) == metaMagic && binary.NativeEndian.Uint64(m[metaSum:]) == sum.Sum64()
		if tx := binary.NativeEndian.Uint64(m[metaTx:]); isMeta && tx >= newest {
			newest = tx
			size = binary.NativeEndian.Uint64(m[metaPages:]) * uint64(binary.NativeEndian.Uint32(m[8:]))
		}
	}
	return int64(size), nil
}
