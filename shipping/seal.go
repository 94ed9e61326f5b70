package shipping

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

// LoadKeys reads a file with a key a line, each of 32 random characters at least. The first one
// seals; the others open what they have sealed before.
func LoadKeys(path string) (Keys, error) {
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

// sealedRow is the value of a secret's row.
type sealedRow struct {
	// Key names the key that sealed it; empty: it is in clear.
	Key  string `json:"key,omitempty"`
	Data []byte `json:"data"` // nonce and sealed text, or JSON
}

// seal returns the row of what is kept apart of the sink called name.
func (k *Keys) seal(name string, p private) []byte {
	row := sealedRow{Data: encode(p)}
	if len(k.all) > 0 {
		key := k.all[0]
		nonce := make([]byte, key.aead.NonceSize())
		_, _ = rand.Read(nonce) // it never fails
		row = sealedRow{key.name, key.aead.Seal(nonce, nonce, row.Data, []byte(name))}
	}
	return encode(row)
}

// open reads what seal returned. again says that another key would seal it now.
func (k *Keys) open(name string, r audit.SinkRow) (p private, again bool, err error) {
	var row sealedRow
	if err := decode(r, &row); err != nil {
		return p, false, err
	}
	data := row.Data
	if row.Key != "" {
		if data, err = k.unseal(name, &row); err != nil {
			return p, false, err
		}
	}
	if err := json.Unmarshal(data, &p); err != nil {
		return p, false, fmt.Errorf("secrets of sink %q: %w", name, err)
	}
	return p, len(k.all) > 0 && row.Key != k.all[0].name, nil
}

func (k *Keys) unseal(name string, row *sealedRow) ([]byte, error) {
	for _, key := range k.all {
		n := key.aead.NonceSize()
		if key.name != row.Key || len(row.Data) < n {
			continue
		}
		data, err := key.aead.Open(nil, row.Data[:n], row.Data[n:], []byte(name))
		if err != nil {
			return nil, audit.Errorf(audit.Unavailable, "its secrets were changed since they were sealed")
		}
		return data, nil
	}
	return nil, audit.Errorf(audit.Unavailable, "its secrets are sealed by a key that is not configured: give its file with --sink-key")
}
