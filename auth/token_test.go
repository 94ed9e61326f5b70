package auth

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/auth/secrets"
)

func tokenOfEverything() Token {
	at := time.Date(2026, 5, 4, 8, 0, 0, 123000, time.UTC)
	return Token{
		ID: "0123abcd", Name: "CI", Owner: "ci@acme", OwnerType: audit.ServiceAccount, Role: rights.Recorder,
		Projects: []string{"acme", "beta"}, CreatedAt: at, CreatedBy: "ada@example.com",
		ExpiresAt: at.Add(time.Hour), RevokedAt: at.Add(time.Minute), LastUsedAt: at.Add(time.Second),
	}
}

func TestTokenRecord(t *testing.T) {
	for name, token := range map[string]Token{
		"of everything": tokenOfEverything(),
		"of little":     {ID: "0", Owner: "a", OwnerType: audit.User, Role: rights.Admin, CreatedAt: time.Unix(1, 0).UTC()},
	} {
		h := newHeld(token, secrets.HashOf("secret"))
		v, err := h.encode()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(v), "secret") {
			t.Errorf("the record of a token %s holds the secret: %s", name, v)
		}
		got, err := decodeToken(token.ID, v)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got.token(), token) || got.hash != h.hash || !reflect.DeepEqual(got.principal, h.principal) {
			t.Errorf("a token %s came back as %+v", name, got.token())
		}
	}
}

// A record that was damaged must not grant more than it did.
func TestDamagedTokenRecord(t *testing.T) {
	v, err := newHeld(tokenOfEverything(), secrets.HashOf("secret")).encode()
	if err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{
		`"projects"`: `"projectz"`, `"expiresAt"`: `"expiresAT_"`, `"revokedAt"`: `"revokedBt"`,
		`"recorder"`: `"recordes"`, `"ServiceAccount"`: `"ServiceAccounu"`, `"hash":"`: `"hash":"AA`, `}`: ``,
	} {
		damaged := strings.Replace(string(v), from, to, 1)
		if damaged == string(v) {
			t.Fatalf("no %s in %s", from, v)
		}
		if _, err := decodeToken("0123abcd", []byte(damaged)); err == nil {
			t.Errorf("read with %s in place of %s", to, from)
		}
	}
}

func FuzzDecodeToken(f *testing.F) {
	v, err := newHeld(tokenOfEverything(), secrets.HashOf("secret")).encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(v)
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"hash":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","owner":"a","ownerType":"User","role":"admin","createdAt":"2026-05-04T08:00:00Z"}`))
	f.Fuzz(func(t *testing.T, v []byte) {
		h, err := decodeToken("x", v)
		if err != nil {
			return
		}
		again, err := h.encode()
		if err != nil {
			t.Skip() // a year that JSON cannot write
		}
		g, err := decodeToken("x", again)
		if err != nil {
			t.Fatalf("%s became %s: %v", v, again, err)
		}
		if g.hash != h.hash || g.Role != h.Role || !reflect.DeepEqual(g.Projects, h.Projects) {
			t.Fatalf("%s became %s", v, again)
		}
	})
}
