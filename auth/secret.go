package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash/crc32"
	"io"
	"math/big"
	"strings"

	"auditlog/audit"
)

// The parts of a token, in base 62: an id of 47 bits, 256 random bits, a CRC-32.
const (
	prefix     = "al_"
	idSize     = 8
	randomSize = 43
	sumSize    = 6
	bodySize   = len(prefix) + idSize + 1 + randomSize
)

// secretHash is what is kept of a token.
type secretHash [sha256.Size]byte

func hashSecret(secret string) secretHash { return sha256.Sum256([]byte(secret)) }

// newSecret makes a token and returns it with its id.
func newSecret(random io.Reader) (secret, id string, err error) {
	var b [32 + 8]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", "", fmt.Errorf("make token: %w", err)
	}
	id = base62(b[32:], idSize)
	body := prefix + id + "_" + base62(b[:32], randomSize)
	return body + checksum(body), id, nil
}

// base62 writes b as size digits; what does not fit is cut off at the front.
func base62(b []byte, size int) string {
	s := new(big.Int).SetBytes(b).Text(62)
	if len(s) < size {
		return strings.Repeat("0", size-len(s)) + s
	}
	return s[len(s)-size:]
}

func checksum(body string) string {
	sum := crc32.ChecksumIEEE([]byte(body))
	return base62([]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)}, sumSize)
}

// idOfSecret returns the id that a token names, or "" for one that does not begin as
// tokens of this log do: it can only be one that was set from outside.
func idOfSecret(secret string) (string, error) {
	if !strings.HasPrefix(secret, prefix) {
		return "", nil
	}
	if len(secret) != bodySize+sumSize || secret[len(prefix)+idSize] != '_' {
		return "", audit.Errorf(audit.Unauthenticated, "the token is not whole: it has %d characters, not %d",
			len(secret), bodySize+sumSize)
	}
	if checksum(secret[:bodySize]) != secret[bodySize:] {
		return "", audit.Errorf(audit.Unauthenticated, "the token is mistyped: its checksum does not match")
	}
	return secret[len(prefix) : len(prefix)+idSize], nil
}

// idOutside begins the id of a token that was not made here but set by whoever runs
// the log, and is its name.
const idOutside = "environment"

// isOutside reports whether a token was set from outside.
func isOutside(id string) bool { return strings.HasPrefix(id, idOutside+"-") }

// outsideID returns the id of a secret that was set from outside: two secrets have two.
// It is a keyed hash, so that who reads it in an entry cannot try guesses on it.
func outsideID(key, secret string) string {
	mac := hmac.New(sha256.New, []byte("auditlog token "+key))
	mac.Write([]byte(secret))
	return idOutside + "-" + base62(mac.Sum(nil), idSize)
}

// minOutside and minDistinct make a secret from outside as hard to guess as can
// be told by looking at it: what is shorter or repeats itself is no random one.
const (
	minOutside  = 32
	maxOutside  = 512
	minDistinct = 10
)

// checkOutside returns what is wrong with a secret that was set from outside. It
// never quotes it.
func checkOutside(secret string) error {
	distinct := make(map[byte]bool)
	for i := range len(secret) {
		if secret[i] <= ' ' || secret[i] >= 0x7f {
			return audit.Errorf(audit.Invalid, "the admin token must be of ASCII letters, digits and signs, without spaces")
		}
		distinct[secret[i]] = true
	}
	switch {
	case len(secret) < minOutside || len(secret) > maxOutside:
		return audit.Errorf(audit.Invalid, "the admin token must have %d to %d characters, has %d", minOutside, maxOutside, len(secret))
	case len(distinct) < minDistinct:
		return audit.Errorf(audit.Invalid, "the admin token must be random: it has only %d different characters", len(distinct))
	case strings.HasPrefix(secret, prefix):
		return audit.Errorf(audit.Invalid, "the admin token must not begin with %q, as only tokens made by the log do", prefix)
	}
	return nil
}
