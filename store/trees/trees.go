package trees

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"auditlog/proof"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// History is a project as its tree sees it: its present incarnation.
type History struct {
	Name        string
	ID          format.ProjectID
	Incarnation int
	Base, Last  int64 // the seqs of its first entry and of the newest one that is durable
	Secret      []byte
	// Hashed is how many full tiles of leaves are hashed, Head what the newest head covers.
	Hashed int64
	Head   format.TreeState
}

// Size returns how many entries there are to be in the tree.
func (h *History) Size() int64 { return h.Last - h.Base + 1 }

// Change says how far trees have come with a write. Those that it does not name stay.
type Change struct {
	Hashed map[format.ProjectID]int64
	Heads  map[format.ProjectID]format.TreeState
}

// Tiles are the hashes of one tree. Its methods are called by one goroutine.
type Tiles struct {
	// View runs a function on a state of the database.
	View    func(func(kv.Tx) error) error
	Project format.ProjectID
	// Leaves returns the hashes of the first width leaves of tile n. It is not called within
	// View.
	Leaves func(n int64, width int) ([]proof.Hash, error)
}

// Tile is that of proof.Tiles. Leaves are computed, and held against the hash that was kept
// when they were first hashed: what is proved is what was recorded.
func (t *Tiles) Tile(level int, n int64, width int) ([]proof.Hash, error) {
	if level > 0 {
		return t.kept(level, n, width)
	}
	leaves, err := t.Leaves(n, width)
	if err != nil || width < proof.TileWidth {
		return leaves, err
	}
	above, err := t.kept(1, n/proof.TileWidth, int(n%proof.TileWidth)+1)
	if err != nil {
		return nil, err
	}
	if above[len(above)-1] != proof.Perfect(leaves) {
		return nil, fmt.Errorf("tree of project %d: %w: leaves %d to %d are not what was hashed", t.Project, format.ErrCorrupt,
			n*proof.TileWidth, (n+1)*proof.TileWidth-1)
	}
	return leaves, nil
}

// kept returns the first hashes of a tile above the leaves.
func (t *Tiles) kept(level int, n int64, width int) (hashes []proof.Hash, err error) {
	err = t.View(func(tx kv.Tx) error {
		if hashes, err = read(tx, format.TileKey(t.Project, level, n)); err == nil && len(hashes) < width {
			err = fmt.Errorf("tree of project %d: %w: tile %d of level %d has %d hashes, want %d", t.Project, format.ErrCorrupt,
				n, level, len(hashes), width)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return hashes[:width], nil
}

func read(tx kv.Tx, key []byte) ([]proof.Hash, error) {
	return format.DecodeTile(key, tx.Bucket(format.Tiles).Get(key))
}

// Hashed returns how many full tiles of leaves of a tree are hashed.
func Hashed(tx kv.Tx, p format.ProjectID) (int64, error) {
	level := append(format.ProjectPrefix(p), 1)
	key, value := kv.Before(tx.Bucket(format.Tiles).Cursor(), kv.Next(level))
	if !bytes.HasPrefix(key, level) {
		return 0, nil
	}
	_, _, n, err := format.ParseTileKey(key)
	if err != nil {
		return 0, err
	}
	hashes, err := format.DecodeTile(key, value)
	return n*proof.TileWidth + int64(len(hashes)), err
}

// Append adds hashes of full tiles of leaves to a tree that has so many, and those of the levels
// above that they complete.
func Append(tx kv.Tx, p format.ProjectID, hashed int64, hashes []proof.Hash) error {
	return appendLevel(tx, p, 1, hashed, hashes)
}

func appendLevel(tx kv.Tx, p format.ProjectID, level int, at int64, hashes []proof.Hash) error {
	for len(hashes) > 0 {
		n := at / proof.TileWidth
		key := format.TileKey(p, level, n)
		tile, err := read(tx, key)
		if err != nil {
			return err
		}
		if len(tile) != int(at%proof.TileWidth) {
			return fmt.Errorf("tile %x: %w: has %d hashes, %d are to follow hash %d", key, format.ErrCorrupt, len(tile), len(hashes), at)
		}
		fits := min(proof.TileWidth-len(tile), len(hashes))
		tile = append(tile, hashes[:fits]...)
		if err := tx.Bucket(format.Tiles).Put(key, format.EncodeTile(key, tile)); err != nil {
			return fmt.Errorf("put tile: %w", err)
		}
		if len(tile) == proof.TileWidth {
			if err := appendLevel(tx, p, level+1, n, []proof.Hash{proof.Perfect(tile)}); err != nil {
				return err
			}
		}
		at, hashes = at+int64(fits), hashes[fits:]
	}
	return nil
}

// HeadOf returns how far the newest head covers a project.
func HeadOf(tx kv.Tx, p format.ProjectID) (format.TreeState, error) {
	key := format.HeadKey(p)
	return format.DecodeTreeState(key, tx.Bucket(format.Heads).Get(key))
}

// PutHead says how far it does.
func PutHead(tx kv.Tx, p format.ProjectID, t format.TreeState) error {
	key := format.HeadKey(p)
	return tx.Bucket(format.Heads).Put(key, format.EncodeTreeState(key, t))
}

// Heads calls fn with how far the newest head covers each project, in the order of their numbers.
func Heads(tx kv.Tx, fn func(format.ProjectID, format.TreeState) error) error {
	for k, v := range kv.All(tx.Bucket(format.Heads)) {
		t, err := format.DecodeTreeState(k, v)
		if err == nil {
			err = fn(format.ProjectID(binary.BigEndian.Uint32(k)), t)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Drop takes a project out of the next head, and returns what the newest has of it.
func Drop(tx kv.Tx, p format.ProjectID) (format.TreeState, error) {
	t, err := HeadOf(tx, p)
	if err != nil || t.Size == 0 {
		return t, err
	}
	m, err := OpenMaster(tx)
	if err != nil {
		return t, err
	}
	m.Stale = true
	return t, errors.Join(tx.Bucket(format.Heads).Delete(format.HeadKey(p)), m.put())
}

// PutCertificate keeps the certificate of an incarnation of a project.
func PutCertificate(tx kv.Tx, project string, incarnation int, bundle []byte) error {
	key := format.CertificateKey(project, incarnation)
	return tx.Bucket(format.Certificates).Put(key, format.EncodeText(key, bundle))
}

// Certificate returns a copy of it, or nil.
func Certificate(tx kv.Tx, project string, incarnation int) ([]byte, error) {
	key := format.CertificateKey(project, incarnation)
	v := tx.Bucket(format.Certificates).Get(key)
	if v == nil {
		return nil, nil
	}
	b, err := format.DecodeText(key, v)
	return bytes.Clone(b), err
}
