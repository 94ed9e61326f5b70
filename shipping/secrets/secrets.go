package secrets

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"

	"auditlog/audit"
)

// Keys seal the secrets of sinks. The zero Keys has none, and leaves them in clear.
type Keys struct{ all []sealKey }

// sealKey is a key with the name that sealed rows have it by.
type sealKey struct {
	name string
	aead cipher.AEAD
}

// minKey is how many characters the line of a key has at least.
const minKey = 32

// Load reads a file with a key a line, each of 32 random characters at least. The first one
// seals; the others open what they have sealed before.
func Load(path string) (Keys, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Keys{}, fmt.Errorf("read the key of sinks: %w", err)
	}
	var keys Keys
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		switch {
		case len(line) == 0:
			continue
		case len(line) < minKey:
			return Keys{}, audit.Errorf(audit.Invalid, "each line of %s must be a key of %d random characters at least, "+
				`as "openssl rand -hex 32" makes it`, path, minKey)
		}
		k, err := newKey(line)
		if err != nil {
			return Keys{}, err
		}
		keys.all = append(keys.all, k)
	}
	if len(keys.all) == 0 {
		return Keys{}, audit.Errorf(audit.Invalid, "%s holds no key", path)
	}
	return keys, nil
}

func newKey(line []byte) (sealKey, error) {
	derived, err := hkdf.Key(sha256.New, line, nil, "auditlog secrets of sinks", 32)
	if err != nil {
		return sealKey{}, err
	}
	name, err := hkdf.Key(sha256.New, line, nil, "auditlog name of a key of sinks", 4)
	if err != nil {
		return sealKey{}, err
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return sealKey{}, err
	}
	aead, err := cipher.NewGCM(block)
	return sealKey{hex.EncodeToString(name), aead}, err
}

// row is the value of a secret's row.
type row struct {
	// Key names the key that sealed it; empty: it is in clear.
	Key  string `json:"key,omitempty"`
	Data []byte `json:"data"` // nonce and sealed text, or what is sealed by no key
}

// Seal returns the row of the secrets of the sink called name: data, which only that name opens.
func (k *Keys) Seal(name string, data []byte) []byte {
	r := row{Data: data}
	if len(k.all) > 0 {
		key := k.all[0]
		nonce := make([]byte, key.aead.NonceSize())
		_, _ = rand.Read(nonce) // it never fails
		r = row{key.name, key.aead.Seal(nonce, nonce, data, []byte(name))}
	}
	b, err := json.Marshal(r)
	if err != nil {
		panic("secrets: " + err.Error()) // of a text and bytes it cannot be
	}
	return b
}

// Open returns what Seal was given. again says that another key would seal it now. It returns an
// Unavailable Fault where the key is not there or the row was changed.
func (k *Keys) Open(name string, sealed []byte) (data []byte, again bool, err error) {
	var r row
	d := json.NewDecoder(bytes.NewReader(sealed))
	d.DisallowUnknownFields() // what a newer program wrote is never guessed at
	if err := d.Decode(&r); err != nil {
		return nil, false, fmt.Errorf("secrets of sink %q: %w", name, err)
	}
	data = r.Data
	if r.Key != "" {
		if data, err = k.unseal(name, &r); err != nil {
			return nil, false, err
		}
	}
	return data, len(k.all) > 0 && r.Key != k.all[0].name, nil
}

func (k *Keys) unseal(name string, r *row) ([]byte, error) {
	for _, key := range k.all {
		n := key.aead.NonceSize()
		if key.name != r.Key || len(r.Data) < n {
			continue
		}
		data, err := key.aead.Open(nil, r.Data[:n], r.Data[n:], []byte(name))
		if err != nil {
			return nil, audit.Errorf(audit.Unavailable, "its secrets were changed since they were sealed")
		}
		return data, nil
	}
	return nil, audit.Errorf(audit.Unavailable, "its secrets are sealed by a key that is not configured: give its file with --sink-key")
}
