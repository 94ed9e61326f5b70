package keys

import (
	"math/bits"
	"sync"

	"auditlog/store/format"
)

// filter tells of most hashes that are not in a row that they are not: a Bloom filter whose
// bits of one hash lie in one line of the processor's cache.
type filter []uint64

const (
	filterWords = 8  // a line
	filterBits  = 12 // of memory a key: one of 200 hashes that are not there passes
	filterTries = 7
)

func newFilter(keys []format.SealedKey) filter {
	f := make(filter, filterWords*max(1, (len(keys)*filterBits+511)/512))
	for _, k := range keys {
		line, at := f.place(k.Hash)
		for range filterTries {
			line[at>>6&7] |= 1 << (at & 63)
			at >>= 9
		}
	}
	return f
}

// place returns the line of a hash, and the places of its bits there, nine bits each.
func (f filter) place(hash uint64) (line []uint64, at uint64) {
	x := hash * 0x9e3779b97f4a7c15
	x = (x ^ x>>32) * 0xd6e8feb86659fd93
	n, _ := bits.Mul64(x, uint64(len(f)/filterWords))
	return f[n*filterWords:][:filterWords], (x ^ x>>29) * 0xa0761d6478bd642f >> 1
}

func (f filter) has(hash uint64) bool {
	line, at := f.place(hash)
	for range filterTries {
		if line[at>>6&7]>>(at&63)&1 == 0 {
			return false
		}
		at >>= 9
	}
	return true
}

// rowFilter is the filter of a row of a run.
type rowFilter struct {
	run    runID
	bits   uint8 // of the run
	n      uint32
	filter filter
}

// filters are those of the rows that were written or read. Rows never change, so a filter is right for as
// long as there is its row. They are memory alone, made again when a row is next read; when
// there is no room for more, rows without one are read each time. Keys that are asked for lie
// anywhere: there is nothing to be gained from replacing one by another.
type filters struct {
	mu    sync.RWMutex
	of    map[runID][]filter // by row
	bytes int
	most  int
}

type runID struct {
	project format.ProjectID
	run     uint32
}

// ofRuns returns the filters of runs, each by row. The caller holds mu.
func (x *filters) ofRuns(p format.ProjectID, runs []format.KeyRun) [][]filter {
	all := make([][]filter, len(runs))
	for i := range runs {
		all[i] = x.of[runID{p, runs[i].Number}]
	}
	return all
}

// absent reports whether a hash is in no run for certain, by the filters of the runs. The caller
// holds mu.
func absent(filters [][]filter, runs []format.KeyRun, hash uint64) bool {
	for i, rows := range filters {
		n, ok := runs[i].Row(hash)
		if !ok {
			continue
		}
		if rows == nil || rows[n] == nil || rows[n].has(hash) {
			return false
		}
	}
	return true
}

// passes reports whether a hash may be in a row.
func (x *filters) passes(id runID, n uint32, hash uint64) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	rows := x.of[id]
	return rows == nil || rows[n] == nil || rows[n].has(hash)
}

// learn makes the filter of row n of a run, unless it is there or there is no room for it.
func (x *filters) learn(id runID, run *format.KeyRun, n uint32, row *format.KeyRow) {
	x.mu.RLock()
	rows := x.of[id]
	known := rows != nil && rows[n] != nil || x.bytes+row.Len()*filterBits/8 > x.most
	x.mu.RUnlock()
	if known {
		return
	}
	x.keep(rowFilter{id, run.Bits, n, newFilter(row.All(make([]format.SealedKey, 0, row.Len())))})
}

// keep keeps the filters of rows, as many as there is room for.
func (x *filters) keep(of ...rowFilter) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, f := range of {
		if x.bytes+8*len(f.filter) > x.most {
			return
		}
		if x.of[f.run] == nil {
			x.of[f.run] = make([]filter, 1<<f.bits)
		}
		if x.of[f.run][f.n] == nil {
			x.of[f.run][f.n] = f.filter
			x.bytes += 8 * len(f.filter)
		}
	}
}

// forget drops the filters of a run that is no more.
func (x *filters) forget(id runID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, f := range x.of[id] {
		x.bytes -= 8 * len(f)
	}
	delete(x.of, id)
}

// clear drops all.
func (x *filters) clear() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.of, x.bytes = make(map[runID][]filter), 0
}
