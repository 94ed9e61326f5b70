package secrets

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"hash/crc32"
	"io"
	"math/big"
	"strings"

	"auditlog/audit"
	"auditlog/auth/guess"
)

// How the secrets that the log makes begin.
const (
	TokenPrefix   = "al_"
	SessionPrefix = "als_"
)

// The other parts of one: in base 62, an id of 47 bits, 256 random bits, a CRC-32.
const (
	idSize     = 8
	randomSize = 43
	sumSize    = 6
	restSize   = idSize + 1 + randomSize + sumSize // what follows the prefix
)

// Hash is what is kept of a secret.
type Hash [sha256.Size]byte

// HashOf returns the hash of a secret.
func HashOf(secret string) Hash { return sha256.Sum256([]byte(secret)) }

// Is reports whether h is the hash of the same secret, in a time that does not tell how near
// it is.
func (h *Hash) Is(other *Hash) bool { return subtle.ConstantTimeCompare(h[:], other[:]) == 1 }

// New makes a secret and returns it with its id.
func New(prefix string, random io.Reader) (secret, id string, err error) {
	var b [8]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", "", fmt.Errorf("make a secret: %w", err)
	}
	id = base62(b[:], idSize)
	secret, err = OfID(prefix, id, random)
	return secret, id, err
}

// OfID makes a secret that has an id.
func OfID(prefix, id string, random io.Reader) (string, error) {
	var b [32]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("make a secret: %w", err)
	}
	body := prefix + id + "_" + base62(b[:], randomSize)
	return body + checksum(body), nil
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

// Parse returns the prefix of a secret and the id that it names, or two empty
// strings for one that does not begin as those of this log do: it can only be one that
// was set from outside.
func Parse(secret string) (prefix, id string, err error) {
	switch {
	case strings.HasPrefix(secret, TokenPrefix):
		prefix = TokenPrefix
	case strings.HasPrefix(secret, SessionPrefix):
		prefix = SessionPrefix
	default:
		return "", "", nil
	}
	rest := secret[len(prefix):]
	if len(rest) != restSize || rest[idSize] != '_' {
		return "", "", audit.Errorf(audit.Unauthenticated, "the token is not whole: it has %d characters, not %d",
			len(secret), len(prefix)+restSize)
	}
	body := secret[:len(secret)-sumSize]
	if checksum(body) != secret[len(body):] {
		return "", "", audit.Errorf(audit.Unauthenticated, "the token is mistyped: its checksum does not match")
	}
	return prefix, rest[:idSize], nil
}

// Outside begins the id of a token that was not made here but set by whoever runs
// the log, and is its name.
const Outside = "environment"

// IsOutside reports whether a token was set from outside.
func IsOutside(id string) bool { return strings.HasPrefix(id, Outside+"-") }

// OutsideID returns the id of a secret that was set from outside: two secrets have two.
// It is a keyed hash, so that who reads it in an entry cannot try guesses on it.
func OutsideID(key, secret string) string {
	mac := hmac.New(sha256.New, []byte("auditlog token "+key))
	mac.Write([]byte(secret))
	return Outside + "-" + base62(mac.Sum(nil), idSize)
}

// A secret from outside must have so many characters.
const (
	minOutside = 32
	maxOutside = 512
)

// CheckOutside returns what is wrong with a secret that was set from outside. It
// never quotes it.
func CheckOutside(secret string) error {
	for i := range len(secret) {
		if secret[i] <= ' ' || secret[i] >= 0x7f {
			return audit.Errorf(audit.Invalid, "the admin token must be of ASCII letters, digits and signs, without spaces")
		}
	}
	switch {
	case len(secret) < minOutside || len(secret) > maxOutside:
		return audit.Errorf(audit.Invalid, "the admin token must have %d to %d characters, has %d", minOutside, maxOutside, len(secret))
	case guess.Easy(secret):
		return audit.Errorf(audit.Invalid, "the admin token is easily guessed: it has words or rows of keys, repeats itself or counts. "+
			"Take a random one, such as from \"openssl rand -hex 32\"")
	case strings.HasPrefix(secret, TokenPrefix), strings.HasPrefix(secret, SessionPrefix):
		return audit.Errorf(audit.Invalid, "the admin token must not begin with %q or %q, as only secrets made by the log do",
			TokenPrefix, SessionPrefix)
	}
	return nil
}
