package boltkv

import (
	"errors"
	"strconv"
	"syscall"

	"go.etcd.io/bbolt"
)

const (
	// initialMap is the address space kept for the file. Without it a long reader holds
	// the writer up whenever the map must grow. It costs no memory.
	initialMap = 1 << (30 + 6*(strconv.IntSize/64)) // 64 GiB, or 1 GiB of 32 bits
	// leastMap is what is kept at least: what has no room for that has none for the rest.
	leastMap = 64 << 20
)

// openMapped opens the file with as much address space kept for it as there is, up to
// initialMap. Where there is not so much (a limit such as that of ulimit -v), it leaves half of
// what there is to the rest of the process, which ends where it finds none.
func openMapped(path string, o bbolt.Options) (*bbolt.DB, error) {
	size := initialMap
	for size > leastMap && !hasRoom(size) {
		size /= 2
	}
	if size < initialMap {
		size /= 2
	}
	for ; ; size /= 2 {
		o.InitialMmapSize = size
		db, err := open(path, &o)
		if !errors.Is(err, syscall.ENOMEM) || size <= leastMap {
			return db, err
		}
	}
}
