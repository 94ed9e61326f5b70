package format

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"

	"auditlog/proof"
)

// MasterTree is what the tiles of the master log stand under, which no project has as its
// number.
const MasterTree ProjectID = 0

// TileKey returns the key of tile n of a level of a tree. Tiles of level 0 are not kept: their
// hashes are computed from the entries.
func TileKey(p ProjectID, level int, n int64) []byte {
	return binary.BigEndian.AppendUint64(append(ProjectPrefix(p), byte(level)), uint64(n))
}

// ParseTileKey reads what TileKey returned.
func ParseTileKey(key []byte) (p ProjectID, level int, n int64, err error) {
	if len(key) != 13 || key[4] == 0 {
		return 0, 0, 0, fmt.Errorf("tile %x: %w: no key of a tile", key, ErrCorrupt)
	}
	return ProjectID(binary.BigEndian.Uint32(key)), int(key[4]), int64(binary.BigEndian.Uint64(key[5:])), nil
}

const treeVersion = 1

// EncodeTile returns the value of a tile: version, up to 256 hashes, a checksum over key and
// value.
func EncodeTile(key []byte, hashes []proof.Hash) []byte {
	b := append(make([]byte, 0, 1+len(hashes)*len(proof.Hash{})+sumSize), treeVersion)
	return appendSum(key, proof.AppendTile(b, hashes))
}

// DecodeTile reads what EncodeTile wrote under a key; a nil value is an empty tile.
func DecodeTile(key, value []byte) ([]proof.Hash, error) {
	if value == nil {
		return nil, nil
	}
	b, err := cutSum(key, value, 1)
	const size = len(proof.Hash{})
	if err == nil && (b[0] != treeVersion || len(b) == 1 || len(b) > 1+proof.TileWidth*size || len(b)%size != 1) {
		err = fmt.Errorf("%w: version %d, %d bytes", ErrCorrupt, b[0], len(b))
	}
	if err != nil {
		return nil, fmt.Errorf("tile %x: %w", key, err)
	}
	hashes := make([]proof.Hash, len(b)/size)
	for i := range hashes {
		copy(hashes[i][:], b[1+i*size:])
	}
	return hashes, nil
}

// TreeState is how far a project's tree is covered by the newest head: its size there, and its
// root.
type TreeState struct {
	Size int64      `json:"size"`
	Root proof.Hash `json:"root"`
}

// HeadKey returns the key of a project's TreeState.
func HeadKey(p ProjectID) []byte { return ProjectPrefix(p) }

// EncodeTreeState returns version, size (uvarint), root, a checksum over key and value.
func EncodeTreeState(key []byte, t TreeState) []byte {
	b := binary.AppendUvarint([]byte{treeVersion}, uint64(t.Size))
	return appendSum(key, append(b, t.Root[:]...))
}

// DecodeTreeState reads what EncodeTreeState wrote; a nil value is an empty one.
func DecodeTreeState(key, value []byte) (t TreeState, err error) {
	if value == nil {
		return t, nil
	}
	b, err := cutSum(key, value, 2)
	if err != nil {
		return t, fmt.Errorf("head %x: %w", key, err)
	}
	size, n := binary.Uvarint(b[1:])
	if b[0] != treeVersion || len(key) != 4 || n <= 0 || size == 0 || size > math.MaxInt64 || len(b) != 1+n+len(t.Root) {
		return t, fmt.Errorf("head %x: %w: version %d, %d bytes", key, ErrCorrupt, b[0], len(b))
	}
	t.Size = int64(size)
	copy(t.Root[:], b[1+n:])
	return t, nil
}

// EncodeText returns the value of a leaf of the master log, or of a certificate: version, the
// text, a checksum over key and value.
func EncodeText(key, text []byte) []byte {
	return appendSum(key, append([]byte{treeVersion}, text...))
}

// DecodeText reads what EncodeText wrote.
func DecodeText(key, value []byte) ([]byte, error) {
	b, err := cutSum(key, value, 1)
	if err == nil && b[0] != treeVersion {
		err = fmt.Errorf("%w: version %d", ErrCorrupt, b[0])
	}
	if err != nil {
		return nil, fmt.Errorf("leaf or certificate %q: %w", key, err)
	}
	return b[1:], nil
}

// CertificateKey returns the key of the certificate of an incarnation of a project.
func CertificateKey(project string, incarnation int) []byte {
	return binary.BigEndian.AppendUint32(append([]byte(project), 0), uint32(incarnation))
}

// Proofs says whose the trees are, as JSON in the meta bucket.
type Proofs struct {
	// Lineage is that of the log whose master log this is: another has another.
	Lineage string `json:"lineage"`
	// Keys are the public keys that have signed it, the one of now last.
	Keys []proof.PublicKey `json:"keys"`
	// Rotations say of each key but the first that it follows the one before.
	Rotations []proof.Rotation `json:"rotations,omitempty"`
	// Secret is what the leaves that fill the heads' trees are derived from.
	Secret []byte `json:"secret"`
	// Size is how many leaves the master log has.
	Size int64 `json:"size"`
	// Stale says that a project was dropped since the newest head.
	Stale bool `json:"stale,omitempty"`
}

// Encode returns the value.
func (p *Proofs) Encode() ([]byte, error) { return json.Marshal(p) }

// ParseProofs reads what Encode wrote; a nil value is none.
func ParseProofs(value []byte) (*Proofs, error) {
	p := &Proofs{}
	if value == nil {
		return p, nil
	}
	if err := json.Unmarshal(value, p); err != nil {
		return nil, fmt.Errorf("proofs: %w: %w", ErrCorrupt, err)
	}
	if p.Lineage == "" || len(p.Keys) == 0 || len(p.Secret) != 32 || p.Size < 0 {
		return nil, fmt.Errorf("proofs: %w: incomplete", ErrCorrupt)
	}
	return p, nil
}
