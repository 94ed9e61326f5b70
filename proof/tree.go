package proof

import (
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// TileWidth is how many hashes a tile has when it is full, and tileHeight how many levels of
// a tree one level of tiles is.
const (
	tileHeight = 8
	TileWidth  = 1 << tileHeight
)

// Tiles has the hashes of a tree.
type Tiles interface {
	// Tile returns the first width hashes of tile n of a level, which are there: at
	// level 0 those of the leaves, at each other those of 256 hashes of the one below.
	Tile(level int, n int64, width int) ([]Hash, error)
}

// Tree is one state of a tree: that of some size. It keeps what it read of the tiles, and is
// one goroutine's.
type Tree struct {
	size  int64
	tiles Tiles
	read  map[tileName][]Hash
}

type tileName struct {
	level int
	n     int64
}

// NewTree returns the tree of the first size leaves of tiles.
func NewTree(size int64, tiles Tiles) *Tree {
	return &Tree{size: size, tiles: tiles, read: make(map[tileName][]Hash)}
}

// Size returns how many leaves the tree has.
func (t *Tree) Size() int64 { return t.size }

// Root returns the tree's root.
func (t *Tree) Root() (Hash, error) {
	root, err := tlog.TreeHash(t.size, t)
	if err != nil {
		return Hash{}, fmt.Errorf("root of %d leaves: %w", t.size, err)
	}
	return root, nil
}

// Inclusion returns the proof that leaf n is in the tree.
func (t *Tree) Inclusion(n int64) ([]Hash, error) {
	p, err := tlog.ProveRecord(t.size, n, t)
	if err != nil {
		return nil, fmt.Errorf("prove leaf %d of %d: %w", n, t.size, err)
	}
	return p, nil
}

// Consistency returns the proof that the tree begins with the one that has old leaves.
func (t *Tree) Consistency(old int64) ([]Hash, error) {
	if old == 0 || old == t.size {
		return nil, nil
	}
	p, err := tlog.ProveTree(t.size, old, t)
	if err != nil {
		return nil, fmt.Errorf("prove that %d leaves begin %d: %w", old, t.size, err)
	}
	return p, nil
}

// Between returns the roots of the perfect trees that the leaves from first to before end consist
// of, as Stack.Skip wants them.
func (t *Tree) Between(first, end int64) ([]Hash, error) {
	var hashes []Hash
	for first < end {
		level := perfectAt(first, end)
		h, err := t.node(level, first>>level)
		if err != nil {
			return nil, fmt.Errorf("nodes over leaves %d to %d of %d: %w", first, end, t.size, err)
		}
		hashes = append(hashes, h)
		first += 1 << level
	}
	return hashes, nil
}

// perfectAt returns the level of the greatest perfect tree of a tree that begins with a leaf and
// ends before another.
func perfectAt(first, end int64) int {
	level := bits.Len64(uint64(end-first)) - 1
	if first > 0 {
		level = min(level, bits.TrailingZeros64(uint64(first)))
	}
	return level
}

// WidthAt returns how many hashes tile n of a level has in a tree of some size: 0 where it is
// not there.
func WidthAt(size int64, level int, n int64) int {
	if level < 0 || level >= 64/tileHeight || n < 0 {
		return 0
	}
	return int(max(0, min(size>>(tileHeight*level)-n*TileWidth, TileWidth)))
}

// ReadHashes makes a Tree what package tlog reads hashes from.
func (t *Tree) ReadHashes(indexes []int64) ([]Hash, error) {
	hashes := make([]Hash, len(indexes))
	for i, index := range indexes {
		var err error
		if hashes[i], err = t.node(tlog.SplitStoredHashIndex(index)); err != nil {
			return nil, err
		}
	}
	return hashes, nil
}

// node returns node n of a level of the tree.
func (t *Tree) node(level int, n int64) (Hash, error) {
	within := level % tileHeight
	first := n << within
	tile, err := t.tile(level/tileHeight, first/TileWidth)
	if err != nil {
		return Hash{}, err
	}
	at := int(first % TileWidth)
	if at+1<<within > len(tile) {
		return Hash{}, fmt.Errorf("node %d of level %d is not in a tree of %d leaves", n, level, t.size)
	}
	return Perfect(tile[at : at+1<<within]), nil
}

func (t *Tree) tile(level int, n int64) ([]Hash, error) {
	name := tileName{level, n}
	if tile, ok := t.read[name]; ok {
		return tile, nil
	}
	width := WidthAt(t.size, level, n)
	if width == 0 {
		return nil, fmt.Errorf("tile %d of level %d is not in a tree of %d leaves", n, level, t.size)
	}
	tile, err := t.tiles.Tile(level, n, width)
	if err != nil {
		return nil, err
	}
	if len(tile) != width {
		return nil, fmt.Errorf("tile %d of level %d has %d hashes, want %d", n, level, len(tile), width)
	}
	t.read[name] = tile
	return tile, nil
}

// Perfect returns the root over hashes, of which there is a power of two.
func Perfect(hashes []Hash) Hash {
	if len(hashes) == 1 {
		return hashes[0]
	}
	half := len(hashes) / 2
	return tlog.NodeHash(Perfect(hashes[:half]), Perfect(hashes[half:]))
}

// Leaves are the leaf hashes of a whole tree, in memory: Tiles that compute the rest.
type Leaves []Hash

// Tile is that of Tiles.
func (l Leaves) Tile(level int, n int64, width int) ([]Hash, error) {
	tile := make([]Hash, width)
	each := int64(1) << (tileHeight * level)
	for i := range tile {
		first := (n*TileWidth + int64(i)) * each
		if first+each > int64(len(l)) {
			return nil, fmt.Errorf("tile %d of level %d is not there", n, level)
		}
		tile[i] = Perfect(l[first : first+each])
	}
	return tile, nil
}

// A Stack adds up the root of a tree of which the leaves come one after the other.
type Stack struct {
	size  int64
	nodes []Hash // of perfect subtrees, the greatest first: one for each bit of size
}

// Add adds a leaf.
func (s *Stack) Add(h Hash) { s.add(0, h) }

// Skip adds the leaves up to before end, of which Tree.Between has returned hashes. Whether they are
// those of a tree, the root shows.
func (s *Stack) Skip(end int64, hashes []Hash) error {
	for _, h := range hashes {
		if s.size >= end {
			return fmt.Errorf("%d hashes are too many for the leaves before %d", len(hashes), end)
		}
		s.add(perfectAt(s.size, end), h)
	}
	if s.size != end {
		return fmt.Errorf("%d hashes lead to leaf %d, not to %d", len(hashes), s.size, end)
	}
	return nil
}

// add adds a perfect tree of a level, where one can begin.
func (s *Stack) add(level int, h Hash) {
	for n := s.size >> level; n&1 == 1; n >>= 1 {
		h = tlog.NodeHash(s.nodes[len(s.nodes)-1], h)
		s.nodes = s.nodes[:len(s.nodes)-1]
	}
	s.nodes = append(s.nodes, h)
	s.size += 1 << level
}

// Size returns how many leaves were added.
func (s *Stack) Size() int64 { return s.size }

// Root returns the root of what was added.
func (s *Stack) Root() Hash {
	if len(s.nodes) == 0 {
		return EmptyRoot()
	}
	h := s.nodes[len(s.nodes)-1]
	for i := len(s.nodes) - 2; i >= 0; i-- {
		h = tlog.NodeHash(s.nodes[i], h)
	}
	return h
}

// EmptyRoot returns the root of a tree without leaves.
func EmptyRoot() Hash {
	root, _ := tlog.TreeHash(0, tlog.HashReaderFunc(nil)) // which reads nothing, and does not fail
	return root
}

// CheckInclusion returns nil if a proof shows that leaf n of the tree with a checkpoint has a
// hash.
func CheckInclusion(proof []Hash, c Checkpoint, n int64, leaf Hash) error {
	if err := tlog.CheckRecord(proof, c.Size, c.Root, n, leaf); err != nil {
		return fmt.Errorf("leaf %d is not in the tree of %d leaves that %s had: %w", n, c.Size, c.Origin, err)
	}
	return nil
}

// CheckConsistency returns nil if a proof shows that the tree with the checkpoint c begins
// with the one that had old.
func CheckConsistency(proof []Hash, c, old Checkpoint) error {
	var err error
	switch {
	case old.Origin != c.Origin:
		err = fmt.Errorf("they are of different trees, %s and %s", old.Origin, c.Origin)
	case old.Size > c.Size:
		err = fmt.Errorf("it has %d leaves and had %d", c.Size, old.Size)
	case old.Size == c.Size && (old.Root != c.Root || len(proof) > 0):
		err = fmt.Errorf("it has another root with the same %d leaves", c.Size)
	case old.Size == 0 && (old.Root != EmptyRoot() || len(proof) > 0):
		err = fmt.Errorf("a tree without leaves has another root")
	case 0 < old.Size && old.Size < c.Size:
		err = tlog.CheckTree(proof, c.Size, c.Root, old.Size, old.Root)
	}
	if err != nil {
		return fmt.Errorf("the tree does not continue the one of the older checkpoint: %w", err)
	}
	return nil
}
