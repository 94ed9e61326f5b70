package boltkv

// pageSet is a set of the pages of a file, by number: a bit for each.
type pageSet []uint64

// newPageSet returns an empty set of the pages below high.
func newPageSet(high uint64) pageSet { return make(pageSet, (high+63)/64) }

func (s pageSet) has(id uint64) bool { return s[id/64]>>(id%64)&1 != 0 }

func (s pageSet) add(id uint64) { s[id/64] |= 1 << (id % 64) }

// others returns the pages below high that are not in the set, but for the two meta pages.
func (s pageSet) others(high uint64) (ids []uint64) {
	for id := uint64(2); id < high; id++ {
		if !s.has(id) {
			ids = append(ids, id)
		}
	}
	return ids
}
