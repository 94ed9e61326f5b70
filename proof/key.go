package proof

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Key signs checkpoints. One key signs those of all trees of a log, each under the name of
// its origin, as signed notes have it.
type Key struct{ private ed25519.PrivateKey }

// keyPrefix begins the text of a key, so that whoever finds one knows what it is.
const keyPrefix = "AUDITLOG-SIGNING-KEY-"

// GenerateKey makes a key.
func GenerateKey(random io.Reader) (Key, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return Key{}, fmt.Errorf("make a signing key: %w", err)
	}
	return Key{ed25519.NewKeyFromSeed(seed)}, nil
}

// ParseKey reads what Text returned, with or without the end of the line.
func ParseKey(text string) (Key, error) {
	seed, ok := strings.CutPrefix(strings.TrimSpace(text), keyPrefix)
	b, err := base64.StdEncoding.DecodeString(seed)
	if !ok || err != nil || len(b) != ed25519.SeedSize {
		return Key{}, fmt.Errorf("not a signing key: it must be one line that begins with %s", keyPrefix)
	}
	return Key{ed25519.NewKeyFromSeed(b)}, nil
}

// Text returns the key as it is kept in a file. It is secret.
func (k Key) Text() string {
	return keyPrefix + base64.StdEncoding.EncodeToString(k.private.Seed()) + "\n"
}

// Public returns the half of the key that others check by.
func (k Key) Public() (p PublicKey) {
	copy(p[:], k.private.Public().(ed25519.PublicKey))
	return p
}

// Signer returns what signs notes under a name.
func (k Key) Signer(name string) note.Signer { return signer{k, name} }

type signer struct {
	key  Key
	name string
}

func (s signer) Name() string                    { return s.name }
func (s signer) KeyHash() uint32                 { return s.key.Public().hash(s.name) }
func (s signer) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.key.private, msg), nil }

// PublicKey checks what a Key has signed.
type PublicKey [ed25519.PublicKeySize]byte

// algEd25519 is how signed notes call the algorithm.
const algEd25519 = 1

// hash returns the number by which notes tell keys of the same name apart.
func (p PublicKey) hash(name string) uint32 {
	h := sha256.Sum256(append([]byte(name+"\n"), p.typed()...))
	return binary.BigEndian.Uint32(h[:])
}

func (p PublicKey) typed() []byte { return append([]byte{algEd25519}, p[:]...) }

// Text returns the key under a name, as signed notes have it: name, number and key.
func (p PublicKey) Text(name string) string {
	return fmt.Sprintf("%s+%08x+%s", name, p.hash(name), base64.StdEncoding.EncodeToString(p.typed()))
}

// MarshalText has the key in JSON as base64.
func (p PublicKey) MarshalText() ([]byte, error) {
	return []byte(base64.StdEncoding.EncodeToString(p[:])), nil
}

// UnmarshalText reads what MarshalText wrote.
func (p *PublicKey) UnmarshalText(text []byte) error {
	b, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil || len(b) != len(p) {
		return fmt.Errorf("%.80q is no public key", text)
	}
	copy(p[:], b)
	return nil
}

// ParsePublicKey reads what Text returned.
func ParsePublicKey(text string) (name string, p PublicKey, err error) {
	parts := strings.SplitN(strings.TrimSpace(text), "+", 3)
	if len(parts) == 3 {
		b, err := base64.StdEncoding.DecodeString(parts[2])
		if err == nil && len(b) == 1+len(p) && b[0] == algEd25519 {
			copy(p[:], b[1:])
			if p.Text(parts[0]) == strings.TrimSpace(text) {
				return parts[0], p, nil
			}
		}
	}
	return "", p, fmt.Errorf("%.80q is no public key: want name+number+key, as \"auditlog key show\" prints it", text)
}

// Fingerprint returns what tells the key from others to a person: eight groups of four
// hexadecimal digits of its SHA-256.
func (p PublicKey) Fingerprint() string {
	sum := sha256.Sum256(p[:])
	groups := make([]string, 8)
	for i := range groups {
		groups[i] = hex.EncodeToString(sum[2*i : 2*i+2])
	}
	return strings.Join(groups, " ")
}

// Verifier returns what checks notes that the key has signed under a name.
func (p PublicKey) Verifier(name string) note.Verifier { return verifier{p, name} }

type verifier struct {
	key  PublicKey
	name string
}

func (v verifier) Name() string    { return v.name }
func (v verifier) KeyHash() uint32 { return v.key.hash(v.name) }
func (v verifier) Verify(msg, sig []byte) bool {
	return len(sig) == ed25519.SignatureSize && ed25519.Verify(v.key[:], msg, sig)
}

// SignText signs a text that is no checkpoint, and begins with a line that says what it is.
func (k Key) SignText(text string) []byte { return ed25519.Sign(k.private, []byte(text)) }

// CheckText reports whether the key has signed such a text.
func (p PublicKey) CheckText(text string, sig []byte) bool {
	return len(sig) == ed25519.SignatureSize && ed25519.Verify(p[:], []byte(text), sig)
}
