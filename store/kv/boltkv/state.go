package boltkv

import (
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"go.etcd.io/bbolt"
)

// stateLife is how long readers of one state share what was found whole of it. A page that has
// turned since is come across after that, as it would be by a transaction that lasts as long.
const stateLife = time.Second

// state is one state of the file, and what of it was found whole: readers that begin soon after
// each other need not check the same pages again.
type state struct {
	tx    uint64 // that it is of
	data  *byte  // where the file is mapped
	until time.Time
	image image
	roots tree // the list of buckets
	// stamped and marked say that this was held against its stamp, and against the mark.
	stamped, marked atomic.Bool

	mu      sync.RWMutex     // guards what follows
	pages   map[uint64]*page // nil: none are kept
	buckets map[string]*tree
}

// stateOf returns the state that a transaction sees. A writer has one of its own.
func (db *DB) stateOf(bolt *bbolt.Tx) *state {
	if bolt.Writable() {
		return db.newState(bolt)
	}
	data, now := db.data(), time.Now()
	if s := db.state.Load(); s != nil && s.tx == uint64(bolt.ID()) && s.data == data && s.roots.endings == db.stamped && now.Before(s.until) {
		return s
	}
	s := db.newState(bolt)
	s.until = now.Add(stateLife)
	db.state.Store(s)
	return s
}

// newState returns the state that a transaction sees, of which nothing is known yet.
func (db *DB) newState(bolt *bbolt.Tx) *state {
	s := &state{tx: uint64(bolt.ID()), data: db.data(), pages: make(map[uint64]*page), buckets: make(map[string]*tree)}
	size := bolt.Size()
	s.image = image{src: &mapped{unsafe.Slice(s.data, size)}, pageSize: db.pageSize, high: uint64(size) / uint64(db.pageSize)}
	s.roots = tree{image: &s.image, known: s, isRoot: true, endings: db.stamped, root: uint64(bolt.Cursor().Bucket().Root())}
	return s
}

// data returns where the file is mapped, in a transaction.
func (db *DB) data() *byte {
	at := db.bolt.Info().Data
	return *(**byte)(unsafe.Pointer(&at))
}

// page returns a page that was found whole before, or nil.
func (s *state) page(id uint64) *page {
	if s.pages == nil {
		return nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.pages[id]
}

// found says that a page is whole.
func (s *state) found(p *page) {
	if s.pages == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages[p.id] = p
}

// unkept has a state that is new keep nothing of what is found whole: who reads all of it comes to each
// page once.
func (s *state) unkept() *state {
	s.pages = nil
	return s
}

// bucket returns the bucket of a name, or nil where there is none.
func (s *state) bucket(name string, whole bool) (*tree, error) {
	s.mu.RLock()
	b := s.buckets[name]
	s.mu.RUnlock()
	if b != nil {
		return b, nil
	}
	b, err := s.roots.open(name, whole)
	if b == nil || err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buckets[name] = b
	return b, nil
}
