package keys

import (
	"cmp"
	"fmt"
	"slices"

	"auditlog/store/format"
	"auditlog/store/kv"
)

// Sizes say when keys are moved, and into what. The zero value stands for DefaultSizes.
type Sizes struct {
	// MoveAt is how many keys of sealed entries there are, in all projects, when they are
	// moved to runs. They are in memory until then, and read at the start.
	MoveAt int
	// RowKeys is how many keys a row of a run has at most, about. Half of it is the least.
	RowKeys int
	// StepKeys is how many keys one step of merging moves, about.
	StepKeys int
	// Fan is how many runs of one level are merged into one of the next.
	Fan int
}

// DefaultSizes returns what a log works with. A row has about 50 KB, several to the engine's
// pages, of which hardly anything is left empty then.
func DefaultSizes() Sizes { return Sizes{MoveAt: 16 << 10, RowKeys: 8192, StepKeys: 32 << 10, Fan: 4} }

// bitsFor returns the bits of a run of so many keys.
func (z *Sizes) bitsFor(count int64) (b uint8) {
	for count > int64(z.RowKeys)<<b {
		b++
	}
	return b
}

// move writes the keys of sealed entries of o into a run of their own.
func (o *Owner) move(tx kv.Tx, z *Sizes) error {
	r, runs := o.Recent, &o.Rec.Keys
	keys := make([]format.SealedKey, r.sealed)
	for i, k := range r.order[:r.sealed] {
		keys[i] = format.SealedKey{Hash: k.short(), Seq: k.Seq, Sum: k.Sum}
	}
	sortKeys(keys)
	runs.Next++
	run := format.KeyRun{Number: runs.Next, Bits: z.bitsFor(int64(len(keys))), Count: int64(len(keys))}
	runs.Moved++
	runs.Runs = append(slices.Clip(runs.Runs), run)
	return eachRow(o.Rec.ID, &run, keys, 0, 1<<run.Bits, func(f rowFilter, key, value []byte) error {
		o.filters = append(o.filters, f)
		return put(tx, key, value)
	})
}

// byHash compares keys by hash, and those of one hash by seq.
func byHash(a, b format.SealedKey) int {
	return cmp.Or(cmp.Compare(a.Hash, b.Hash), cmp.Compare(a.Seq, b.Seq))
}

// sortKeys sorts keys by hash, and those of one hash by seq.
func sortKeys(keys []format.SealedKey) {
	switch {
	case len(keys) > 1<<widestDigit:
		deal(keys, widestDigit)
	case len(keys) > 1<<6:
		deal(keys, 8)
	default:
		slices.SortFunc(keys, byHash)
		return
	}
	for i := range keys { // hardly anything is left to do
		for ; i > 0 && byHash(keys[i], keys[i-1]) < 0; i-- {
			keys[i], keys[i-1] = keys[i-1], keys[i]
		}
	}
}

// widestDigit is how many bits of a hash keys are dealt out by at once, at most.
const widestDigit = 11

// deal sorts keys by hash alone, which is as good as random: by some of its bits at a time, the lowest
// first. Many are sorted several times as fast so as by comparing.
func deal(keys []format.SealedKey, bits int) {
	var next [1 << widestDigit]int // where the next one with a digit goes
	from, to := keys, make([]format.SealedKey, len(keys))
	for shift := 0; shift < format.KeyBits; shift += bits {
		digit := func(k *format.SealedKey) uint64 { return k.Hash >> shift & (1<<bits - 1) }
		clear(next[:1<<bits])
		for i := range from {
			next[digit(&from[i])]++
		}
		at := 0
		for d, n := range next[:1<<bits] {
			next[d], at = at, at+n
		}
		for i := range from {
			d := digit(&from[i])
			to[next[d]] = from[i]
			next[d]++
		}
		from, to = to, from
	}
	copy(keys, from)
}

// join sorts keys that are lists one behind the other, each sorted, which end at ends. It returns
// them in memory of theirs or other.
func join(keys []format.SealedKey, ends []int) []format.SealedKey {
	to := make([]format.SealedKey, len(keys))
	for len(ends) > 1 {
		var joined []int
		for start := 0; len(ends) > 0; {
			middle, end := ends[0], ends[min(1, len(ends)-1)]
			zip(to[start:end], keys[start:middle], keys[middle:end])
			ends, joined, start = ends[min(2, len(ends)):], append(joined, end), end
		}
		keys, to, ends = to, keys, joined
	}
	return keys
}

// zip fills dst with the keys of two sorted lists.
func zip(dst, a, b []format.SealedKey) {
	for i := range dst {
		if len(b) == 0 || len(a) > 0 && byHash(a[0], b[0]) < 0 {
			dst[i], a = a[0], a[1:]
		} else {
			dst[i], b = b[0], b[1:]
		}
	}
}

func put(tx kv.Tx, key, value []byte) error {
	if err := tx.Bucket(format.Keys).Put(key, value); err != nil {
		return fmt.Errorf("put keys: %w", err)
	}
	return nil
}

// eachRow calls fn with the rows from n to before end of a run, which sorted keys are in, and their filters.
func eachRow(
	p format.ProjectID, run *format.KeyRun, keys []format.SealedKey, n, end uint32, fn func(f rowFilter, key, value []byte) error,
) error {
	for ; n < end; n++ {
		i := 0
		for i < len(keys) && uint32(keys[i].Hash>>(format.KeyBits-run.Bits)) == n {
			i++
		}
		key := format.KeyRowKey(p, run.Number, n)
		f := rowFilter{runID{p, run.Number}, run.Bits, n, newFilter(keys[:i])}
		if err := fn(f, key, format.EncodeKeyRow(key, run.Bits, keys[:i])); err != nil {
			return err
		}
		keys = keys[i:]
	}
	return nil
}
