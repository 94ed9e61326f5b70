package proof

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"testing"
)

// leavesOf returns so many leaf hashes, each another.
func leavesOf(n int) Leaves {
	l := make(Leaves, n)
	for i := range l {
		l[i] = LeafHash(Commit(Salt{1}, fmt.Append(nil, i)))
	}
	return l
}

// rootOf is RFC 6962, section 2.1, to the letter.
func rootOf(l Leaves) Hash {
	switch n := len(l); n {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return l[0]
	default:
		k := 1
		for 2*k < n {
			k *= 2
		}
		left, right := rootOf(l[:k]), rootOf(l[k:])
		return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
	}
}

var sizes = []int64{0, 1, 2, 3, 7, 8, 255, 256, 257, 511, 512, 513, 65535, 65536, 65537, 70001}

func TestRoots(t *testing.T) {
	all := leavesOf(70001)
	for _, n := range sizes {
		want := rootOf(all[:n])
		got, err := NewTree(n, all).Root()
		if err != nil || got != want {
			t.Errorf("root of %d leaves is %v, %v, want %v", n, got, err, want)
		}
		var s Stack
		for _, h := range all[:n] {
			s.Add(h)
		}
		if s.Root() != want || s.Size() != n {
			t.Errorf("added up, the root of %d leaves is %v of %d, want %v", n, s.Root(), s.Size(), want)
		}
	}
}

func TestInclusion(t *testing.T) {
	all := leavesOf(70001)
	for _, n := range sizes[1:] {
		tree := NewTree(n, all)
		c := Checkpoint{"o", n, rootOf(all[:n])}
		for _, i := range []int64{0, n / 2, n - 1, rand.Int64N(n)} {
			p, err := tree.Inclusion(i)
			if err != nil {
				t.Fatal(err)
			}
			if err := CheckInclusion(p, c, i, all[i]); err != nil {
				t.Error(err)
			}
			if CheckInclusion(p, c, i, all[(i+1)%n]) == nil && n > 1 {
				t.Errorf("leaf %d of %d is another, and proved", i, n)
			}
			if CheckInclusion(p, c, (i+1)%n, all[i]) == nil && n > 1 {
				t.Errorf("leaf %d of %d is at another place, and proved", i, n)
			}
			if CheckInclusion(append(p, Hash{}), c, i, all[i]) == nil {
				t.Errorf("a proof of leaf %d of %d is too long, and holds", i, n)
			}
		}
	}
}

func TestConsistency(t *testing.T) {
	all := leavesOf(70001)
	roots := make(map[int64]Hash)
	for _, n := range sizes {
		roots[n] = rootOf(all[:n])
	}
	at := func(n int64) Checkpoint { return Checkpoint{"o", n, roots[n]} }
	for _, n := range sizes {
		for _, old := range sizes {
			if old > n {
				if CheckConsistency(nil, at(n), at(old)) == nil {
					t.Errorf("%d leaves continue %d", n, old)
				}
				continue
			}
			p, err := NewTree(n, all).Consistency(old)
			if err != nil {
				t.Fatal(err)
			}
			if err := CheckConsistency(p, at(n), at(old)); err != nil {
				t.Errorf("from %d to %d: %v", old, n, err)
			}
			other := at(old)
			other.Root[3] ^= 1
			if CheckConsistency(p, at(n), other) == nil {
				t.Errorf("from %d to %d: another root holds", old, n)
			}
			other = at(old)
			other.Origin = "p"
			if CheckConsistency(p, at(n), other) == nil {
				t.Errorf("from %d to %d: another tree holds", old, n)
			}
		}
	}
}

func TestNoSuchLeaf(t *testing.T) {
	tree := NewTree(5, leavesOf(5))
	for _, n := range []int64{-1, 5, 1 << 40} {
		if p, err := tree.Inclusion(n); err == nil {
			t.Errorf("leaf %d of 5 is proved by %v", n, p)
		}
	}
	if p, err := tree.Consistency(6); err == nil {
		t.Errorf("5 leaves begin with 6, by %v", p)
	}
	if _, err := NewTree(600, leavesOf(5)).Root(); err == nil {
		t.Error("a tree of 600 leaves has 5")
	}
}

func TestWidthAt(t *testing.T) {
	for _, c := range []struct {
		size  int64
		level int
		n     int64
		want  int
	}{{0, 0, 0, 0}, {1, 0, 0, 1}, {256, 0, 0, 256}, {256, 0, 1, 0}, {257, 0, 1, 1}, {257, 1, 0, 1}, {70001, 1, 0, 256}, {70001, 1, 1, 17},
		{70001, 2, 0, 1}, {70001, 9, 0, 0}, {70001, -1, 0, 0}, {5, 0, -1, 0}} {
		if got := WidthAt(c.size, c.level, c.n); got != c.want {
			t.Errorf("tile %d of level %d in %d leaves has %d hashes, want %d", c.n, c.level, c.size, got, c.want)
		}
	}
}

// TestHeadTree: the order of what is given tells nothing, and neither does what fills up.
func TestHeadTree(t *testing.T) {
	all := leavesOf(5)
	a, depth := HeadTree(all, []byte("s"), 7)
	if len(a) != 8 || depth != 3 {
		t.Fatalf("%d leaves, depth %d", len(a), depth)
	}
	b, _ := HeadTree(Leaves{all[4], all[2], all[0], all[1], all[3]}, []byte("s"), 7)
	for i := range a {
		if a[i] != b[i] || i > 0 && bytes.Compare(a[i-1][:], a[i][:]) >= 0 {
			t.Fatalf("leaf %d is %v and %v", i, a[i], b[i])
		}
	}
	if one, depth := HeadTree(all[:1], nil, 0); depth != 0 || len(one) != 1 || one[0] != all[0] {
		t.Errorf("one project: %v, depth %d", one, depth)
	}
	if none, depth := HeadTree(nil, nil, 0); depth != 0 || len(none) != 1 {
		t.Errorf("no project: %v, depth %d", none, depth)
	}
}
