package auth

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"testing"
)

// What is random must not be refused, in the alphabets in which people make it.
func TestRandomSecretsAreTaken(t *testing.T) {
	for range 2000 {
		var b [32]byte
		if _, err := rand.Read(b[:]); err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{
			hex.EncodeToString(b[:16]), hex.EncodeToString(b[:]), base64.StdEncoding.EncodeToString(b[:24]),
			base64.RawURLEncoding.EncodeToString(b[:]), base62(b[:], 43),
		} {
			if err := checkOutside(secret); err != nil {
				t.Fatalf("%s, of %.0f bits: %v", secret, guessBits(secret), err)
			}
		}
	}
}
