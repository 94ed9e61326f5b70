package shipping

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/shipping/secrets"
)

// keyFile writes keys to a file.
func keyFile(t *testing.T, lines ...string) secrets.Keys {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	keys, err := secrets.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

var oneKey, otherKey = strings.Repeat("0a", 32), strings.Repeat("1b", 32)

// Secrets are nowhere in clear where a key is configured: one that comes later seals what there
// is, another one opens it if it is told of, and without any the sink says what it wants.
func TestSecretsAreSealed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := start(t, t.TempDir(), Options{})
		s.create(Sink{
			Name: "a", Project: "acme", To: "test:a?token=secret-in-address",
			Secrets: map[string]string{"key": "secret-of-its-own"},
		}, Start{})
		clear := func() (found bool) {
			t.Helper()
			rows, err := s.log.SinkRows("", "", 100)
			if err != nil || len(rows) == 0 {
				t.Fatal(err)
			}
			for _, r := range rows {
				var row struct{ Data []byte }
				if strings.HasPrefix(r.Key, secretRows) && json.Unmarshal(r.Value, &row) == nil {
					r.Value = append(r.Value, row.Data...)
				}
				found = found || bytes.Contains(r.Value, []byte("secret-"))
			}
			return found
		}
		ships := func() {
			t.Helper()
			ids := s.record("acme", 2)
			settle(time.Minute)
			s.want("shipped", s.of("test:a?token=secret-in-address").ids(), ids)
		}
		restart := func(keys secrets.Keys) { s.end(); s.opts.Keys = keys; s.begin() }
		ships()
		if !clear() {
			t.Fatal("nothing is in clear without a key: this test tests nothing")
		}
		restart(keyFile(t, oneKey))
		ships()
		if clear() {
			t.Error("a key that comes later does not seal what there is")
		}
		restart(keyFile(t, otherKey, oneKey))
		ships()
		restart(keyFile(t, otherKey))
		ships()
		if _, err := s.engine.Update(s.ctx, "a", func(s *Sink) error { s.Secrets["key"] = "secret-that-is-new"; return nil }, nil); err != nil {
			t.Error(err)
		}
		ships()
		if clear() {
			t.Error("a new secret is in clear")
		}
		for _, keys := range []secrets.Keys{{}, keyFile(t, oneKey)} {
			restart(keys)
			if st := s.status("a"); st.State != Broken || !strings.Contains(st.Reason, "--sink-key") {
				t.Errorf("without its key: %+v", st)
			}
			if err := s.engine.Test(s.ctx, "a", entry(audit.SystemProject, "sink.test")); audit.KindOf(err) != audit.Conflict {
				t.Errorf("a test without its key: %v", err)
			}
		}
		restart(keyFile(t, otherKey))
		if st := s.status("a"); st.State != Active {
			t.Errorf("with its key again: %+v", st)
		}
	})
}
