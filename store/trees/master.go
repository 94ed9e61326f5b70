package trees

import (
	"errors"
	"fmt"
	"math"

	"auditlog/proof"
	"auditlog/store/format"
	"auditlog/store/kv"
)

// Master is the master log as a transaction sees it.
type Master struct {
	tx kv.Tx
	*format.Proofs
}

// OpenMaster returns the master log, which has no key and no leaf where none was begun.
func OpenMaster(tx kv.Tx) (*Master, error) {
	p, err := format.ParseProofs(tx.Bucket(format.Meta).Get(format.MetaProofs))
	if err != nil {
		return nil, err
	}
	return &Master{tx, p}, nil
}

// Checkpoint returns the newest checkpoint as it was signed, or nil.
func (m *Master) Checkpoint() []byte { return m.tx.Bucket(format.Meta).Get(format.MetaCheckpoint) }

// Cosigned returns the newest checkpoint that a witness has signed, or nil.
func (m *Master) Cosigned() []byte { return m.tx.Bucket(format.Meta).Get(format.MetaCosigned) }

// PutCosigned keeps a checkpoint that a witness has signed, in the place of the newest where it
// is of the same size.
func (m *Master) PutCosigned(signed []byte, size int64) error {
	err := m.tx.Bucket(format.Meta).Put(format.MetaCosigned, signed)
	if size == m.Size {
		err = errors.Join(err, m.tx.Bucket(format.Meta).Put(format.MetaCheckpoint, signed))
	}
	return err
}

// Leaf returns the text of a leaf.
func (m *Master) Leaf(n int64) ([]byte, error) {
	key := format.Uint64(uint64(n))
	v := m.tx.Bucket(format.Master).Get(key)
	if v == nil {
		return nil, fmt.Errorf("master log: %w: leaf %d is missing", format.ErrCorrupt, n)
	}
	return format.DecodeText(key, v)
}

// Tree returns the tree of the first size leaves.
func (m *Master) Tree(size int64) *proof.Tree { return proof.NewTree(size, m.Tiles()) }

// Tiles returns the hashes of the log, as long as the transaction lasts.
func (m *Master) Tiles() *Tiles {
	return &Tiles{View: func(fn func(kv.Tx) error) error { return fn(m.tx) }, Project: format.MasterTree, Leaves: m.Leaves}
}

// Leaves returns the hashes of the first width leaves of tile n.
func (m *Master) Leaves(n int64, width int) ([]proof.Hash, error) {
	hashes := make([]proof.Hash, width)
	for i := range hashes {
		text, err := m.Leaf(n*proof.TileWidth + int64(i))
		if err != nil {
			return nil, err
		}
		hashes[i] = proof.MasterHash(text)
	}
	return hashes, nil
}

// Append adds a leaf.
func (m *Master) Append(text []byte) error {
	key := format.Uint64(uint64(m.Size))
	if err := m.tx.Bucket(format.Master).Put(key, format.EncodeText(key, text)); err != nil {
		return fmt.Errorf("put leaf of the master log: %w", err)
	}
	m.Size++
	if m.Size%proof.TileWidth != 0 {
		return nil
	}
	n := m.Size/proof.TileWidth - 1
	leaves, err := m.Leaves(n, proof.TileWidth)
	if err != nil {
		return err
	}
	return Append(m.tx, format.MasterTree, n, []proof.Hash{proof.Perfect(leaves)})
}

// Begin begins a master log of a lineage anew, without a leaf: what was there is gone.
func (m *Master) Begin(lineage string, key proof.PublicKey, secret []byte) error {
	if _, err := m.tx.Bucket(format.Master).DeleteRange(nil, nil, math.MaxInt); err != nil {
		return fmt.Errorf("delete the master log: %w", err)
	}
	_, err := m.tx.Bucket(format.Tiles).DeleteRange(format.ProjectPrefix(format.MasterTree), format.ProjectPrefix(format.MasterTree+1), math.MaxInt)
	if err != nil {
		return fmt.Errorf("delete the tiles of the master log: %w", err)
	}
	if err := m.tx.Bucket(format.Meta).Delete(format.MetaCosigned); err != nil {
		return err
	}
	m.Proofs = &format.Proofs{Lineage: lineage, Keys: []proof.PublicKey{key}, Secret: secret}
	return nil
}

// Put keeps how far the log has come, and its checkpoint as it is signed.
func (m *Master) Put(signed []byte) error {
	return errors.Join(m.put(), m.tx.Bucket(format.Meta).Put(format.MetaCheckpoint, signed))
}

func (m *Master) put() error {
	v, err := m.Encode()
	if err != nil {
		return fmt.Errorf("encode proofs: %w", err)
	}
	return m.tx.Bucket(format.Meta).Put(format.MetaProofs, v)
}
