package keys

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"

	"auditlog/store/format"
)

// Hash is what the log knows an idempotency key by: a keyed hash of 128 bits. Two keys of a
// project with the same one do not come about, neither by chance nor by somebody's will.
type Hash struct{ Hi, Lo uint64 }

// Mark is what the log keeps of a key: its hash, and a keyed hash of all that the caller
// sent with it, which tells a retry from another entry that has the same key.
type Mark struct {
	Hash
	Sum uint32
}

// Hasher makes the marks of one incarnation of a project.
type Hasher struct {
	key, input sipKey
}

// secretLabel derives what hashes keys from the secret of a project. It is stored, as it were:
// under another label no key would be known again.
const secretLabel = "auditlog: idempotency keys"

// NewHasher returns the hasher of a project with a secret.
func NewHasher(secret []byte) Hasher {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(secretLabel))
	sum := mac.Sum(nil)
	return Hasher{newSipKey(sum[:16]), newSipKey(sum[16:])}
}

// short returns what a run keeps of a hash.
func (h Hash) short() uint64 { return h.Hi >> (64 - format.KeyBits) }

// Short returns what a run keeps of the hash of a key.
func (h *Hasher) Short(key string) uint64 { return h.Hash(key).short() }

// Hash returns the hash of a key.
func (h *Hasher) Hash(key string) Hash {
	hi, lo := sip128(h.key, []byte(key))
	return Hash{hi, lo}
}

// Mark returns the mark of a key that came with an input, as package format has it.
func (h *Hasher) Mark(key string, input []byte) Mark {
	sum, _ := sip128(h.input, input)
	return Mark{h.Hash(key), uint32(sum >> 32)}
}

// sipKey is a key of SipHash.
type sipKey struct{ k0, k1 uint64 }

func newSipKey(b []byte) sipKey {
	return sipKey{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])}
}
