package format

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Every row is read as it was written, and each of its keys is found, those with one hash all.
func TestKeyRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := uint8(rapid.IntRange(0, 12).Draw(t, "bits"))
		number := uint32(rapid.IntRange(0, 1<<b-1).Draw(t, "number"))
		spread := rapid.SampledFrom([]uint{1, 4, 16, KeyBits - 12}).Draw(t, "spread")
		n := rapid.IntRange(0, 300).Draw(t, "n")
		var keys []SealedKey
		for range n {
			keys = append(keys, SealedKey{
				Hash: uint64(number)<<(KeyBits-b) | rapid.Uint64Range(0, 1<<spread-1).Draw(t, "hash"),
				Seq:  rapid.Int64Range(1, 1<<rapid.IntRange(1, 40).Draw(t, "width")).Draw(t, "seq"),
				Sum:  rapid.Uint32().Draw(t, "sum"),
			})
		}
		slices.SortStableFunc(keys, func(a, b SealedKey) int { return cmp.Compare(a.Hash, b.Hash) })
		key := KeyRowKey(7, 3, number)
		value := EncodeKeyRow(key, b, keys)
		row, err := ParseKeyRow(key, value, b)
		if err != nil {
			t.Fatal(err)
		}
		if got := row.All(nil); row.Len() != n || !slices.Equal(got, keys) {
			t.Fatalf("read as %v, want %v", got, keys)
		}
		for i := range 20 {
			want := rapid.Uint64Range(0, 1<<spread-1).Draw(t, "wanted")
			if n > 0 && i < 10 {
				want = keys[i*n/10].Hash
			}
			want |= uint64(number) << (KeyBits - b)
			var all []SealedKey
			for _, k := range keys {
				if k.Hash == want {
					all = append(all, k)
				}
			}
			if got := row.Find(want, nil); !slices.Equal(got, all) {
				t.Fatalf("%x is found as %v, want %v", want, got, all)
			}
		}
	})
}

// A key costs 32 bits of its hash, 32 of what was sent, and about three more.
func TestSizeOfKeyRows(t *testing.T) {
	var keys []SealedKey
	for i := range 4000 {
		keys = append(keys, SealedKey{Hash: uint64(i) * 0x9e3779b97f4a7c15 >> (64 - KeyBits), Seq: int64(1 + i*2654435761%4000), Sum: uint32(i)})
	}
	slices.SortFunc(keys, func(a, b SealedKey) int { return cmp.Compare(a.Hash, b.Hash) })
	key := KeyRowKey(1, 1, 0)
	if n := float64(len(EncodeKeyRow(key, 0, keys))) / 4000; n > 8.6 {
		t.Errorf("a key takes %.2f bytes", n)
	}
}

func TestPinnedKeyRows(t *testing.T) {
	key := KeyRowKey(7, 2, 5)
	keys := []SealedKey{{5<<29 | 0x02244668, 300, 0xdeadbeef}, {5<<29 | 0x0fffffff, 301, 1}, {5<<29 | 0x0fffffff, 260, 2}}
	pin(t, "a row of keys", EncodeKeyRow(key, 3, keys),
		"010384020607684624f2ffffffffffff0f680a00deadbeef0000000100000002cb23c7db")
	fresh := []FreshKeys{{3, []FreshKey{{1, 2, 300, 7, 9}, {0xffeeddccbbaa9988, 5, 302, 8, 10}}}, {300, []FreshKey{{4, 4, 301, 1, 1}}}}
	pin(t, "fresh keys", EncodeFreshKeys(FreshKeysKey(302), fresh),
		"01030200000000000000010000000000000002ac020700000009ffeeddccbbaa99880000000000000005020100"+
			"00000aac020100000000000000040000000000000004ad020100000001a6b0bdf5")
}

func FuzzKeyRow(f *testing.F) {
	key := KeyRowKey(7, 2, 5)
	for _, n := range []int{0, 1, 2, 50} {
		var keys []SealedKey
		for i := range n {
			keys = append(keys, SealedKey{5<<29 | uint64(i)<<12, int64(i + 1), uint32(i)})
		}
		v := EncodeKeyRow(key, 3, keys)
		f.Add(v[:len(v)-sumSize])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		row, err := ParseKeyRow(key, appendSum(key, slices.Clone(body)), 3)
		if err != nil {
			return
		}
		if all := row.All(nil); len(all) != row.Len() {
			t.Fatalf("%d keys of %d", len(all), row.Len())
		}
		row.Find(5<<29|7<<12, nil)
		_ = DecodeFreshKeys(key, appendSum(key, slices.Clone(body)), func(ProjectID, FreshKey) error { return nil })
	})
}

func ExampleKeyRun_Row() {
	r := KeyRun{Bits: 4, From: 1 << 31}
	fmt.Println(r.Row(0xabcdef01))
	fmt.Println(r.Row(0x0bcdef01))
	// Output:
	// 10 true
	// 0 false
}
