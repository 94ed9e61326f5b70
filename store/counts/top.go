package counts

import (
	"cmp"
	"hash/maphash"
	"math"
	"math/bits"
	"slices"
	"strings"

	"auditlog/audit"
)

// topValues counts the values of one field in bounded memory. Up to so many different values
// it counts each. Of more it keeps those that are frequent, as Misra and Gries do it: whenever
// there is no room, every count is lowered by as much as half of them have, and what then
// has none goes. What occurs more often than all entries over half the room is never lost,
// but its count is too low by then. So it is counted again: see Tally.Recount.
type topValues struct {
	counts map[string]int64
	bytes  int // of the values, with what each takes in the map
	// chosen has nothing but the values that are there already counted.
	chosen bool
	// lossy is set once a value went.
	lossy    bool
	distinct distinctValues
}

const (
	// maxValues and maxValueBytes bound what is kept of a field. A log has far fewer
	// values of its fields than that, unless somebody makes them up.
	maxValues     = 8 << 10
	maxValueBytes = 1 << 20
	// valueWeight is what a value takes beside its bytes.
	valueWeight = 64
)

func newTopValues() topValues { return topValues{counts: make(map[string]int64)} }

// add counts n entries more that have v.
func (t *topValues) add(v string, n int64) {
	if before, ok := t.counts[v]; ok {
		t.counts[v] = before + n
		return
	}
	if t.chosen {
		return
	}
	t.distinct.add(v)
	if len(t.counts) >= maxValues || t.bytes+len(v)+valueWeight > maxValueBytes {
		t.makeRoom()
	}
	t.counts[strings.Clone(v)] = n // v may be a part of a large text
	t.bytes += len(v) + valueWeight
}

// makeRoom lets half of the values go.
func (t *topValues) makeRoom() {
	t.lossy = true
	all := make([]int64, 0, len(t.counts))
	for _, n := range t.counts {
		all = append(all, n)
	}
	slices.Sort(all)
	least := all[len(all)/2]
	t.bytes = 0
	for v, n := range t.counts {
		if n <= least {
			delete(t.counts, v)
		} else {
			t.counts[v] = n - least
			t.bytes += len(v) + valueWeight
		}
	}
}

// sorted returns the values, the most frequent first.
func (t *topValues) sorted() []audit.ValueCount {
	counts := make([]audit.ValueCount, 0, len(t.counts))
	for v, n := range t.counts {
		counts = append(counts, audit.ValueCount{Value: v, Count: n})
	}
	slices.SortFunc(counts, func(a, b audit.ValueCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	return counts
}

// choose has the most frequent values counted from 0 on, and nothing else.
func (t *topValues) choose(most int) {
	kept := t.sorted()
	t.counts = make(map[string]int64)
	for _, v := range kept[:min(most, len(kept))] {
		t.counts[v.Value] = 0
	}
	t.chosen = true
}

// values returns the most frequent ones, and how many of total entries have others.
func (t *topValues) values(most int, total int64) audit.Values {
	all := t.sorted()
	out := audit.Values{Top: all[:min(most, len(all)):min(most, len(all))]}
	out.OtherEntries = total
	for _, v := range out.Top {
		out.OtherEntries -= v.Count
	}
	out.Others = int64(len(all) - len(out.Top))
	if t.lossy {
		out.Others, out.Estimated = max(1, t.distinct.estimate()-int64(len(out.Top))), true
	}
	return out
}

// distinctValues estimates how many different values it was given, to about two percent:
// HyperLogLog (Flajolet and others, 2007) with 4,096 registers.
type distinctValues struct {
	seed      maphash.Seed
	registers []uint8 // nil before the first
}

const registerBits = 12

func (d *distinctValues) add(v string) {
	if d.registers == nil {
		d.seed, d.registers = maphash.MakeSeed(), make([]uint8, 1<<registerBits)
	}
	h := maphash.String(d.seed, v)
	r := &d.registers[h>>(64-registerBits)]
	*r = max(*r, uint8(bits.LeadingZeros64(h<<registerBits|1<<(registerBits-1))+1))
}

func (d *distinctValues) estimate() int64 {
	const m = 1 << registerBits
	sum, empty := 0.0, 0
	for _, r := range d.registers {
		sum += math.Ldexp(1, -int(r))
		if r == 0 {
			empty++
		}
	}
	e := 0.7213 / (1 + 1.079/m) * m * m / sum
	if e <= 2.5*m && empty > 0 {
		e = m * math.Log(m/float64(empty))
	}
	return int64(math.Round(e))
}
