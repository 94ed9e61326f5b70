package pgkv

import (
	"fmt"
	"maps"
	"slices"
)

// writes is what a transaction has put and deleted. What of it was sent is kept as well, since
// it tells what the commit changes.
type writes struct {
	buckets map[string]map[string][]byte // by bucket and key; a nil value deletes
	unsent  map[string]map[string][]byte
	tables  []*statement    // to be made first
	ranges  map[string]bool // buckets of which ranges were deleted
	// greatest is the greatest key that was put into a bucket, whatever became of it.
	greatest map[string]string
}

func newWrites() *writes {
	return &writes{
		buckets: make(map[string]map[string][]byte), unsent: make(map[string]map[string][]byte),
		ranges: make(map[string]bool), greatest: make(map[string]string),
	}
}

// set keeps a value, or a nil one for a key that is deleted.
func (w *writes) set(bucket string, key, value []byte) {
	for _, m := range []map[string]map[string][]byte{w.buckets, w.unsent} {
		if m[bucket] == nil {
			m[bucket] = make(map[string][]byte)
		}
		m[bucket][string(key)] = value
	}
	if value != nil && string(key) > w.greatest[bucket] {
		w.greatest[bucket] = string(key)
	}
}

// get returns what was put under a key; known is false where nothing was done to it.
func (w *writes) get(bucket string, key []byte) (value []byte, known bool) {
	value, known = w.buckets[bucket][string(key)]
	return value, known
}

// touched reports whether a bucket was written to.
func (w *writes) touched(bucket string) bool { return w.ranges[bucket] || len(w.buckets[bucket]) > 0 }

// forget drops what was put in a range of which the server, who has it, may have deleted it.
func (w *writes) forget(bucket string, from, to []byte) {
	w.ranges[bucket] = true
	maps.DeleteFunc(w.buckets[bucket], func(key string, _ []byte) bool {
		return key >= string(from) && (to == nil || key < string(to))
	})
}

// send returns the calls that bring the server what it has not got yet, as of a version.
func (w *writes) send(version int64, tables catalog) []*call {
	var calls []*call
	for _, s := range w.tables {
		calls = append(calls, &call{statement: s})
	}
	w.tables = nil
	for _, bucket := range slices.Sorted(maps.Keys(w.unsent)) {
		var put, gone []string
		changes := w.unsent[bucket]
		for _, key := range slices.Sorted(maps.Keys(changes)) {
			if changes[key] == nil {
				gone = append(gone, key)
			} else {
				put = append(put, key)
			}
		}
		t := tables[bucket]
		if len(gone) > 0 {
			calls = append(calls, &call{statement: t.remove, args: [][]byte{keyArray(gone)}})
		}
		if len(put) > 0 {
			calls = append(calls, &call{statement: t.put, args: [][]byte{
				int8(version), keyArray(put), array(oidBytea, len(put), func(i int) []byte { return changes[put[i]] }),
			}})
		}
	}
	clear(w.unsent)
	return calls
}

func keyArray(keys []string) []byte {
	return array(oidBytea, len(keys), func(i int) []byte { return []byte(keys[i]) })
}

// errReadOnly is the error of a write in a View.
var errReadOnly = fmt.Errorf("the transaction is for reading only")
