package format

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"auditlog/audit"
)

// sampleSection returns a section of three parts, in which some groups are few times and some
// often.
func sampleSection() *Section {
	s := NewSection()
	s.Starts = []audit.Position{{At: -5, ID: 7}, {At: 1 << 40, ID: 3}, {At: 1 << 40, ID: 9}}
	s.End = audit.Position{At: 1 << 50, ID: 1}
	for i := range 20 {
		var g Group
		for f := range g {
			g[f] = s.Number(f, fmt.Sprint("value ", (i*7+f)%(2+f)))
		}
		s.Add(i%3, g, uint32(1+i*i))
	}
	return s
}

// told returns what a section tells, by values and part.
func told(t *rapid.T, key, value []byte) map[string]uint32 {
	v := new(SectionView)
	if err := v.Open(key, value); err != nil {
		t.Fatal(err)
	}
	counts := make(map[string]uint32)
	for n := range v.Groups() {
		var values []string
		for i, number := range v.Group(n) {
			values = append(values, v.Values[i][number])
		}
		for _, c := range v.Cells(n) {
			counts[fmt.Sprintf("%q in %d", values, c.Part)] = c.Count
		}
	}
	return counts
}

// TestSectionRoundTrip adds the same counts in two orders, and some of them by merging: all
// three are stored alike, and say what was added.
func TestSectionRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := SectionKey(3, audit.Position{At: 5, ID: 1})
		want := make(map[string]uint32)
		type added struct {
			values [counted]string
			part   int
			n      uint32
		}
		var all []added
		for range rapid.IntRange(0, 60).Draw(t, "groups") {
			a := added{part: rapid.IntRange(0, MaxParts-1).Draw(t, "part"), n: rapid.SampledFrom([]uint32{1, 2, 15, 16, 17, 500, 1 << 24}).Draw(t, "n")}
			for i := range a.values {
				a.values[i] = rapid.SampledFrom([]string{"", "a", "b", "\xff", "ada@example.com"}).Draw(t, "value")
			}
			all = append(all, a)
			want[fmt.Sprintf("%q in %d", a.values[:], a.part)] += a.n
		}
		add := func(s *Section, a added) {
			var g Group
			for i, v := range a.values {
				g[i] = s.Number(i, v)
			}
			s.Add(a.part, g, a.n)
		}
		forth, back, half, rest := NewSection(), NewSection(), NewSection(), NewSection()
		for i, a := range all {
			add(forth, a)
			add(back, all[len(all)-1-i])
			if i%2 == 0 {
				add(half, a)
			} else {
				add(rest, a)
			}
		}
		v := new(SectionView)
		value, ok := rest.Encode(key)
		if err := v.Open(key, value); err != nil || !ok {
			t.Fatal(err, ok)
		}
		half.Merge(v)
		value, _ = forth.Encode(key)
		for _, s := range []*Section{back, half} {
			if other, ok := s.Encode(key); !ok || string(other) != string(value) {
				t.Fatalf("the same counts are stored as\n%x\n%x", value, other)
			}
		}
		if got := told(t, key, value); !maps.Equal(got, want) {
			t.Fatalf("tells %v, want %v", got, want)
		}
	})
}

// TestSectionsHaveBounds adds more groups than are kept, and values that are long: such a
// section is not stored.
func TestSectionsHaveBounds(t *testing.T) {
	key := SectionKey(1, audit.Position{})
	many, long := NewSection(), NewSection()
	add := func(s *Section, part int, action string) {
		var g Group
		for i := range g {
			g[i] = s.Number(i, "")
		}
		g[1] = s.Number(1, action)
		s.Add(part, g, 1)
	}
	for i := range maxGroups + 1 {
		add(many, 0, strconv.Itoa(i))
	}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range maxSectionBytes / 8 {
		add(long, i%MaxParts, string(binary.BigEndian.AppendUint64(nil, r.Uint64())))
	}
	for name, s := range map[string]*Section{"many": many, "long": long} {
		if _, ok := s.Encode(key); ok {
			t.Errorf("%s: is stored", name)
		}
	}
}

// What the bytes mean is fixed. They are read only: another version of the packer may pack them
// otherwise.
func TestPinnedSection(t *testing.T) {
	{
		k := SectionKey(4, audit.Position{At: 5, ID: 6})
		x, _ := sampleSection().Encode(k)
		fmt.Printf("%x\n", x)
	}
	key := SectionKey(4, audit.Position{At: 5, ID: 6})
	value, err := hex.DecodeString(pinnedSection)
	if err != nil {
		t.Fatal(err)
	}
	v := new(SectionView)
	if err := v.Open(key, value); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(v.Starts, v.End)
	for _, values := range v.Values {
		got += fmt.Sprint("\n", values)
	}
	for n := range v.Groups() {
		got += fmt.Sprint("\n", v.Group(n), v.Cells(n))
	}
	if got != pinnedTold {
		t.Errorf("tells\n%s\nwant\n%s", got, pinnedTold)
	}
	if err := v.Open(LateKey(4, audit.Position{At: 5, ID: 6}), value); !errors.Is(err, ErrCorrupt) {
		t.Errorf("under another key: %v", err)
	}
}

const (
	pinnedSection = "01d1032c03090e8a808080804007000c01083480c0ff030f020776616c756520300d000431030d0915110d080432040d0942" +
		"19000d100433050d096221000d180434060d098229000d20043501110900080d00a23a000d2800360d080837140015010001" +
		"1500010d0d08020202090a000205000103280200020201010301030301010444020400040203030001020300010304000401" +
		"01321c040404040202020301251001050505050d61360400480406000402060406020501030507030501030711802e0400ac" +
		"f2b50142f231f015f0b502f0810100f155f1f101f101f29202f20af26af042f0d2019011f19a01f1da02f122ee172384"
	pinnedTold = `[{-5 7} {1099511627776 3} {1099511627776 9}] {1125899906842624 1}
[value 0 value 1]
[value 0 value 1 value 2]
[value 0 value 1 value 2 value 3]
[value 0 value 1 value 2 value 3 value 4]
[value 0 value 1 value 2 value 3 value 4 value 5]
[value 5]
[value 0 value 1 value 2 value 3 value 4 value 5 value 6 value 7]
[0 0 0 1 0 0 0] [{2 197}]
[0 0 0 2 0 0 4] [{2 5}]
[0 0 2 4 0 0 6] [{2 65}]
[0 1 0 0 4 0 0] [{0 37}]
[0 1 0 4 4 0 4] [{0 325}]
[0 1 2 2 4 0 2] [{0 145}]
[0 1 2 3 4 0 6] [{0 1}]
[0 2 0 3 2 0 4] [{1 101}]
[0 2 2 0 2 0 6] [{1 257}]
[0 2 2 1 2 0 2] [{1 17}]
[1 0 1 2 3 0 5] [{2 290}]
[1 0 1 3 3 0 1] [{2 26}]
[1 0 3 0 3 0 3] [{2 122}]
[1 1 1 1 1 0 5] [{0 82}]
[1 1 3 3 1 0 7] [{0 226}]
[1 1 3 4 1 0 3] [{0 10}]
[1 2 1 0 5 0 5] [{1 2}]
[1 2 1 4 5 0 1] [{1 170}]
[1 2 3 1 5 0 3] [{1 362}]
[1 2 3 2 5 0 7] [{1 50}]`
)
