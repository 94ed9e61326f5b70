package secrets

import (
	"crypto/rand"
	"regexp"
	"strings"
	"testing"

	"auditlog/audit"
)

func TestNewSecret(t *testing.T) {
	// What a secret scanner would look for.
	shape := regexp.MustCompile(`^al_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}$`)
	seen := make(map[string]bool)
	for range 100 {
		secret, id, err := New(TokenPrefix, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if !shape.MatchString(secret) || seen[secret] || seen[id] {
			t.Fatalf("secret of id %q has an odd shape or is not the first of its kind", id)
		}
		seen[secret], seen[id] = true, true
		if prefix, got, err := Parse(secret); err != nil || prefix != TokenPrefix || got != id {
			t.Fatalf("%q, id %q, %v; want %q", prefix, got, err, id)
		}
	}
}

// Each bit of randomness must count: the encoding cuts nothing off.
func TestBase62KeepsAllBits(t *testing.T) {
	var b [32]byte
	for i := range b {
		b[i] = 0xff
	}
	if got := base62(b[:], randomSize); strings.HasPrefix(got, "0") {
		t.Errorf("the greatest number is %s: there is a digit too many", got)
	}
	if got := base62(b[:], randomSize+1); got != "0"+base62(b[:], randomSize) {
		t.Errorf("the greatest number does not fit: %s", got)
	}
	if got := base62(make([]byte, 32), randomSize); got != strings.Repeat("0", randomSize) {
		t.Errorf("zero is %s", got)
	}
}

func TestMistypedSecret(t *testing.T) {
	secret, _, err := New(TokenPrefix, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(TokenPrefix); i < len(secret); i++ {
		b := []byte(secret)
		b[i]++
		if _, _, err := Parse(string(b)); audit.KindOf(err) != audit.Unauthenticated {
			t.Errorf("character %d changed: %v", i, err)
		}
	}
	for _, s := range []string{TokenPrefix, SessionPrefix, secret[:len(secret)-1], secret + "0", secret + "\n"} {
		if _, _, err := Parse(s); audit.KindOf(err) != audit.Unauthenticated {
			t.Errorf("%d characters of a secret: %v", len(s), err)
		}
	}
}

func TestOutsideSecret(t *testing.T) {
	good := "k3y-9f2c71e0b8d4a6357c1e90fb2d8a4c6e"
	if err := CheckOutside(good); err != nil {
		t.Error(err)
	}
	for name, secret := range map[string]string{
		"short":         good[:31],
		"long":          strings.Repeat(good, 20),
		"one character": strings.Repeat("a", 64),
		"words again":   "passwordpasswordpasswordpass1234",
		"words":         "correct-horse-battery-staple-orange",
		"counting":      "0123456789abcdefghijklmnopqrstuvwxyz",
		"a pattern":     "abc123xyz789abc123xyz789abc123xyz789",
		"a space":       good + " ",
		"a line":        good + "\n",
		"not ASCII":     good + "é",
		"ours":          TokenPrefix + good,
		"a session's":   SessionPrefix + good,
	} {
		err := CheckOutside(secret)
		if audit.KindOf(err) != audit.Invalid {
			t.Errorf("%s: %v", name, err)
		} else if strings.Contains(err.Error(), good[:10]) {
			t.Errorf("%s: the error quotes the secret: %v", name, err)
		}
	}
}

func FuzzParseSecret(f *testing.F) {
	secret, _, err := New(TokenPrefix, rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{secret, secret[:20], TokenPrefix, SessionPrefix, "", "al_\xff", "other"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		prefix, id, err := Parse(s)
		switch {
		case err != nil && audit.KindOf(err) != audit.Unauthenticated:
			t.Fatal(err)
		case err == nil && (id != "") != (prefix != ""), err == nil && id != "" && s[:len(s)-sumSize]+checksum(s[:len(s)-sumSize]) != s:
			t.Fatalf("%q passed for a token", s)
		}
	})
}
