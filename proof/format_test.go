package proof

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// TestPins holds everything to what it was when the first proof was made: a proof is checked
// years later.
func TestPins(t *testing.T) {
	salt := NewSalter(bytes.Repeat([]byte{7}, 32)).Salt(5021)
	c := Commit(salt, []byte(`{"id":1}`))
	key, err := ParseKey("AUDITLOG-SIGNING-KEY-AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=")
	if err != nil {
		t.Fatal(err)
	}
	signed, err := Sign(Checkpoint{"example.org/log", 3, LeafHash(c)}, key.Signer("example.org/log"))
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join([]string{
		Hash(append(salt[:], make([]byte, 16)...)).String()[:22], Hash(c).String(), LeafHash(c).String(), key.Text(), key.Public().Text("example.org/log"),
		key.Public().Fingerprint(), string(signed),
		Head{Number: 12, Time: time.Unix(1764302350, 0), Depth: 3, Root: LeafHash(c)}.Text(),
		ProjectOrigin("example.org/log", "a b+c/ü", 2),
	}, "\n")
	if got != pinned {
		t.Errorf("got\n%s\nwant\n%s", got, pinned)
	}
}

const pinned = `lCnsnVHCCRlfOgecZ1elRg
u6H3ISc2vwuWXpisnzl5ks/AGIxsIS7CJoc/+hU9AyE=
ncWX7uF5ApjJxV29PtlNcx2EARi91cgWRrV+AN3zflE=
AUDITLOG-SIGNING-KEY-AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=

example.org/log+90f2c0b4+Ae1JKMYo0cLG6ukDOJBZlWEpWSc6XGP5NjbBRhSshzfR
b62e 867f a2f3 3afe 62d5 d6b1 642e 1621
example.org/log
3
ncWX7uF5ApjJxV29PtlNcx2EARi91cgWRrV+AN3zflE=

— example.org/log kPLAtIAIB5n9RbdQrS0BpYxGs2RhB75BJ3DaXqQbnKjBEQ8RLNShG1DKj2g+EVKefsp//5NUgvNXjTZBUO5iUy7mtAE=

auditlog head v1
12
1764302350
3
ncWX7uF5ApjJxV29PtlNcx2EARi91cgWRrV+AN3zflE=

example.org/log/a%20b%2Bc%2F%C3%BC/2`

func TestKeys(t *testing.T) {
	key, err := GenerateKey(strings.NewReader(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	// The package that the formats come from reads what this one writes.
	v, err := note.NewVerifier(key.Public().Text("log/x"))
	if err != nil {
		t.Fatal(err)
	}
	c := Checkpoint{"log/x", 9, Hash{1}}
	signed, err := Sign(c, key.Signer("log/x"))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := note.Open(signed, note.VerifierList(v)); err != nil || n.Text != c.Body() {
		t.Errorf("opened: %v", err)
	}
	if got, err := OpenCheckpoint(signed, PublicKey{2}, key.Public()); err != nil || got != c {
		t.Errorf("opened %v, %v", got, err)
	}
	name, p, err := ParsePublicKey(key.Public().Text("log/x") + "\n")
	if err != nil || name != "log/x" || p != key.Public() {
		t.Errorf("%q, %v, %v", name, p, err)
	}
	if again, err := ParseKey(key.Text()); err != nil || again.Public() != key.Public() {
		t.Errorf("the key, read again: %v", err)
	}
	other, err := Sign(c, key.Signer("log/y"))
	if err != nil {
		t.Fatal(err)
	}
	bad := map[string][]byte{
		"nothing":             nil,
		"signed as another":   other,
		"another size":        bytes.Replace(signed, []byte("\n9\n"), []byte("\n8\n"), 1),
		"another origin":      bytes.Replace(signed, []byte("log/x\n9"), []byte("log/z\n9"), 1),
		"no signature at all": signed[:bytes.Index(signed, []byte("\n\n"))+2],
	}
	for what, b := range bad {
		if c, err := OpenCheckpoint(b, key.Public()); err == nil {
			t.Errorf("%s: %v", what, c)
		}
	}
	if _, err := OpenCheckpoint(signed); err == nil {
		t.Error("nobody's signature is taken")
	}
	for _, s := range []string{"", "x", "AUDITLOG-SIGNING-KEY-", "AUDITLOG-SIGNING-KEY-AAAA", strings.ToLower(key.Text())} {
		if _, err := ParseKey(s); err == nil {
			t.Errorf("%q is a key", s)
		}
	}
	for _, s := range []string{"", "a+b", "a+00000000+AQ==", strings.Replace(key.Public().Text("log/x"), "log/x", "log/y", 1)} {
		if _, _, err := ParsePublicKey(s); err == nil {
			t.Errorf("%q is a public key", s)
		}
	}
}

func TestTilePaths(t *testing.T) {
	for path, want := range map[string]TilePath{
		"0/000":                    {0, 0, 0},
		"1/x001/x234/067":          {1, 1234067, 0},
		"0/x001/000.p/17":          {0, 1000, 17},
		"entries/000.p/255":        {-1, 0, 255},
		"entries/x123/456":         {-1, 123456, 0},
		"63/999.p/1":               {63, 999, 1},
		"0/x999/x999/x999/999":     {0, 999999999999, 0},
		"0/x001/x000/x000/000.p/3": {0, 1000000000, 3},
	} {
		if got, err := ParseTilePath(path); err != nil || got != want || got.String() != path {
			t.Errorf("%s is %v, %v, and that %s", path, got, err, got)
		}
	}
	for _, path := range []string{"", "0", "0/", "0/0", "0/00", "0/0000", "00/000", "64/000", "-1/000", "0/001/002", "0/x000/001", "0/x1/001",
		"0/000.p/0", "0/000.p/256", "0/000.p/01", "0/000.p/", "entries", "data/000", "0/+01", "0/x00a/000", "0/-01", "0/000/", "0/x999/x999/x999/x999/x999/x999/x999/999"} {
		if got, err := ParseTilePath(path); err == nil {
			t.Errorf("%q is %v", path, got)
		}
	}
}

func TestTexts(t *testing.T) {
	h := Head{Number: 5, Time: time.Unix(1764302350, 0).UTC(), Depth: 12, Root: Hash{3}}
	if got, err := ParseHead(h.Text()); err != nil || got != h {
		t.Errorf("head: %v, %v", got, err)
	}
	p := &LeafProof{Extra: []byte("salt"), Index: 70, Hashes: []Hash{{1}, {2}}, Checkpoint: []byte("c\n1\nx\n\n— sig\n")}
	if got, err := ParseLeafProof(p.Text()); err != nil || !bytes.Equal(got.Text(), p.Text()) || got.Index != 70 || len(got.Hashes) != 2 {
		t.Errorf("proof: %v, %v", got, err)
	}
	p.Extra, p.Hashes = nil, nil
	if got, err := ParseLeafProof(p.Text()); err != nil || !bytes.Equal(got.Text(), p.Text()) {
		t.Errorf("a proof of one leaf: %v, %v", got, err)
	}
	for _, s := range []string{"", "c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v1\n\nx", "c2sp.org/tlog-proof@v1\nindex -1\n\nx",
		"c2sp.org/tlog-proof@v1\nextra !\nindex 1\n\nx", "c2sp.org/tlog-proof@v1\nindex 1\nabc\n\nx", "c2sp.org/tlog-proof@v2\nindex 1\n\nx", "c2sp.org/tlog-proof@v1\nextra YQ==\n\nx"} {
		if got, err := ParseLeafProof([]byte(s)); err == nil {
			t.Errorf("%q is %v", s, got)
		}
	}
	c := Checkpoint{"o", 1, Hash{9}}.Body()
	for _, s := range []string{"", "o\n1\n", strings.Replace(c, "\n1\n", "\n01\n", 1), strings.Replace(c, "\n1\n", "\n-1\n", 1), c + "more\n", c[:len(c)-1], c[1:],
		strings.Replace(c, "=", "", 1)} {
		if got, err := ParseCheckpoint(s); err == nil {
			t.Errorf("%q is %v", s, got)
		}
	}
}

// A checkpoint is seen in its note whoever signed that, and in nothing else.
func TestPeekCheckpoint(t *testing.T) {
	c := Checkpoint{"o", 7, Hash{9}}
	if got, err := PeekCheckpoint([]byte(c.Body() + "\n— anybody aGk=\n")); err != nil || got != c {
		t.Errorf("it is %+v, %v", got, err)
	}
	for _, s := range []string{"", c.Body(), c.Body() + "more\n\n— anybody aGk=\n", "old 3\n\n" + c.Body()} {
		if got, err := PeekCheckpoint([]byte(s)); err == nil {
			t.Errorf("%q is %+v", s, got)
		}
	}
}

// FuzzParse: whatever is read leads to the same text again, and nothing panics.
func FuzzParse(f *testing.F) {
	f.Add(Checkpoint{"o", 1, Hash{9}}.Body())
	f.Add(Head{Depth: 2}.Text())
	f.Add(string((&LeafProof{Extra: []byte("x"), Hashes: []Hash{{1}}}).Text()))
	f.Add("entries/x001/234.p/5")
	f.Fuzz(func(t *testing.T, s string) {
		if c, err := ParseCheckpoint(s); err == nil && c.Body() != s {
			t.Errorf("checkpoint %q is %q", s, c.Body())
		}
		if h, err := ParseHead(s); err == nil && h.Text() != s {
			t.Errorf("head %q is %q", s, h.Text())
		}
		if p, err := ParseTilePath(s); err == nil && p.String() != s {
			t.Errorf("path %q is %q", s, p)
		}
		if p, err := ParseLeafProof([]byte(s)); err == nil && len(p.Extra) > 0 && string(p.Text()) != s {
			t.Errorf("proof %q is %q", s, p.Text())
		}
	})
}
