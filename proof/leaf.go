package proof

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"golang.org/x/mod/sumdb/tlog"
)

// Hash is a node of a tree.
type Hash = tlog.Hash

// Salt keeps a commitment from telling anything of its entry to who does not have it.
type Salt [16]byte

// Commitment stands for an entry in a tree.
type Commitment [sha256.Size]byte

// saltLabel keeps salts apart from whatever else is derived from the same secret.
const saltLabel = "auditlog salt v1\x00"

// A Salter derives the salts of one project's entries. It is one goroutine's.
type Salter struct{ mac hash.Hash }

// NewSalter returns the salter of a project with a secret. Once the secret is gone nobody
// can tell a salt any more.
func NewSalter(secret []byte) *Salter { return &Salter{hmac.New(sha256.New, secret)} }

// Salt returns the salt of the entry with a seq: the first 16 bytes of HMAC-SHA-256 over a
// label and the seq in eight bytes.
func (s *Salter) Salt(seq int64) (salt Salt) {
	var sum [sha256.Size]byte
	s.mac.Reset()
	s.mac.Write(binary.BigEndian.AppendUint64([]byte(saltLabel), uint64(seq))) // which never fails
	copy(salt[:], s.mac.Sum(sum[:0]))
	return salt
}

// Commit returns the commitment to an entry of which canonical is the JSON: SHA-256 of the
// salt and of it.
func Commit(salt Salt, canonical []byte) (c Commitment) {
	h := sha256.New()
	h.Write(salt[:])
	h.Write(canonical)
	h.Sum(c[:0])
	return c
}

// LeafHash returns the hash of the leaf that is a commitment.
func LeafHash(c Commitment) Hash { return tlog.RecordHash(c[:]) }
