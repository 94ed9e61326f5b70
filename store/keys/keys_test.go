package keys

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"auditlog/store/format"
)

// What one is told to be absent is absent; of what is, few pass.
func TestFilter(t *testing.T) {
	h := NewHasher([]byte("secret"))
	var there []format.SealedKey
	for i := range 6000 {
		there = append(there, format.SealedKey{Hash: h.Short(fmt.Sprint("k", i))})
	}
	f := newFilter(there)
	for _, k := range there {
		if !f.has(k.Hash) {
			t.Fatalf("%x is there and does not pass", k.Hash)
		}
	}
	passed := 0
	for i := range 100_000 {
		if f.has(h.Short(fmt.Sprint("other", i))) {
			passed++
		}
	}
	if passed > 1000 {
		t.Errorf("%d of 100,000 pass", passed)
	}
	if n := 8 * len(f); n > 6000*filterBits/8+64 {
		t.Errorf("it takes %d bytes", n)
	}
}

// Marks are of a secret: the same key and input have others in another project, and what is
// derived is what was derived before.
func TestMarks(t *testing.T) {
	a, b := NewHasher([]byte("a")), NewHasher([]byte("b"))
	m := a.Mark("key", []byte("input"))
	if m == b.Mark("key", []byte("input")) || m.Hash == b.Mark("key", nil).Hash {
		t.Error("two secrets have the same marks")
	}
	if m.Hash != a.Hash("key") || m.Sum == a.Mark("key", []byte("other")).Sum || m != a.Mark("key", []byte("input")) {
		t.Error("a mark is not of its key and its input")
	}
	if got := fmt.Sprintf("%x %x %x", m.Hi, m.Lo, m.Sum); got != "3615882d257c2ace 6cd839c5c7063c3a 85a060ba" {
		t.Errorf("the mark is %s", got)
	}
}

// However many keys there are, they are sorted by hash and seq, and sorted lists of them joined so.
func TestSortKeys(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, 64, 65, 100, 2048, 2049, 50_000} {
		keys := make([]format.SealedKey, n)
		for i := range keys {
			keys[i] = format.SealedKey{Hash: uint64(random.Uint32()), Seq: int64(random.IntN(1000)), Sum: uint32(i)}
			if i%3 == 0 && i > 0 {
				keys[i].Hash = keys[random.IntN(i)].Hash
			}
		}
		want := slices.Clone(keys)
		slices.SortStableFunc(want, func(a, b format.SealedKey) int {
			return cmp.Or(cmp.Compare(a.Hash, b.Hash), cmp.Compare(a.Seq, b.Seq))
		})
		var ends []int
		lists := slices.Clone(keys)
		for list := range slices.Chunk(lists, max(1, n/5)) { // six of them
			sortKeys(list)
			ends = append(ends, len(list))
		}
		for i := range ends[:max(0, len(ends)-1)] {
			ends[i+1] += ends[i]
		}
		lists = join(lists, ends)
		sortKeys(keys)
		for i, k := range keys {
			if k.Hash != want[i].Hash || k.Seq != want[i].Seq {
				t.Fatalf("of %d keys number %d is %v, want %v", n, i, k, want[i])
			}
			if k.Hash != lists[i].Hash || k.Seq != lists[i].Seq {
				t.Fatalf("of %d keys in lists number %d is %v, want %v", n, i, lists[i], k)
			}
		}
	}
}

func BenchmarkSortKeys(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	keys, work := make([]format.SealedKey, 32<<10), make([]format.SealedKey, 32<<10)
	for i := range keys {
		keys[i] = format.SealedKey{Hash: uint64(random.Uint32()), Seq: int64(i)}
	}
	for b.Loop() {
		sortKeys(work[:copy(work, keys)])
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(keys)), "ns/key")
}
