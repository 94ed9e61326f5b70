package secrets

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auditlog/audit"
)

var oneKey, otherKey = strings.Repeat("0a", 32), strings.Repeat("1b", 32)

// load returns the keys of a file with some lines.
func load(t *testing.T, lines ...string) Keys {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	keys, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestKeysThatAreNone(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"empty": "\n\n", "short": "abc", "second": oneKey + "\nabc\n"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); audit.KindOf(err) != audit.Invalid || strings.Contains(err.Error(), "abc") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Load(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// Rows that were written once are read for ever, as they were.
func TestRowsOfThePast(t *testing.T) {
	const secret = `{"to":"https://x","secrets":{"key":"g"}}`
	const sealed = `{"key":"2d79a643","data":"tmXlND2nPtw/KDKv1bTqawk+YSI1nICkxCpAHYr/kHtIdiSA/pFY2Ew8F7mN31W68KBKPybdRZE9lGgwCvVo6M5AvE8="}`
	const clear = `{"data":"eyJ0byI6Imh0dHBzOi8veCIsInNlY3JldHMiOnsia2V5IjoiZyJ9fQ=="}`
	keys := load(t, oneKey)
	for _, tt := range []struct {
		name, row string
		keys      Keys
		again     bool
	}{
		{"sealed", sealed, keys, false},
		{"sealed by a key that is not the first any more", sealed, load(t, otherKey, oneKey), true},
		{"in clear", clear, keys, true},
		{"in clear, as it is to be", clear, Keys{}, false},
	} {
		data, again, err := tt.keys.Open("siem", []byte(tt.row))
		if err != nil || string(data) != secret || again != tt.again {
			t.Errorf("%s: %s, %t, %v", tt.name, data, again, err)
		}
	}
	if now := string(new(Keys).Seal("siem", []byte(secret))); now != clear {
		t.Errorf("written in clear is %s, and was once %s", now, clear)
	}
	for _, tt := range []struct{ of, sink, row string }{
		{"a key that is not there", "siem", `{"key":"d7a8e5a1","data":""}`},
		{"another sink", "other", sealed},
		{"a row that is none", "siem", ""},
		{"a newer program", "siem", `{"data":"","later":1}`},
		{"a row that was cut", "siem", `{"key":"2d79a643","data":"tmU="}`},
	} {
		if _, _, err := keys.Open(tt.sink, []byte(tt.row)); err == nil {
			t.Errorf("of %s it is opened", tt.of)
		}
	}
	if _, _, err := keys.Open("siem", []byte(`{"key":"d7a8e5a1","data":""}`)); audit.KindOf(err) != audit.Unavailable {
		t.Errorf("sealed by a key that is not there: %v", err)
	}
	if again, _, err := keys.Open("siem", keys.Seal("siem", []byte(secret))); err != nil || string(again) != secret {
		t.Errorf("sealed and opened: %s, %v", again, err)
	}
}
