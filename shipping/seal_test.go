package shipping

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
)

// keyFile writes keys to a file.
func keyFile(t *testing.T, lines ...string) Keys {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	keys, err := LoadKeys(path)
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
				var row sealedRow
				if strings.HasPrefix(r.Key, secretRows) && decode(r, &row) == nil {
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
		restart := func(keys Keys) { s.end(); s.opts.Keys = keys; s.begin() }
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
		for _, keys := range []Keys{{}, keyFile(t, oneKey)} {
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

func TestKeysThatAreNone(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"empty": "\n\n", "short": "abc", "second": oneKey + "\nabc\n"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadKeys(path); audit.KindOf(err) != audit.Invalid || strings.Contains(err.Error(), "abc") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := LoadKeys(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// No secret is in what is shown.
func TestShown(t *testing.T) {
	for _, tt := range []struct{ to, format, shown string }{
		{"https://siem.example.com/in", "json", "https://siem.example.com/in"},
		{"https://siem.example.com/in?token=geheim", "json", "https://siem.example.com/in?…"},
		{"https://ada:geheim@siem.example.com/in#geheim", "json", "https://siem.example.com/in"},
		{"https://hooks.slack.com/services/T0/B0/geheim", "slack", "https://hooks.slack.com/…"},
		{"https://discord.com/api/webhooks/1/geheim", "Discord", "https://discord.com/…"},
		{"https://in.example.com/receiver/v1/http/geheimGEHEIM1234==", "json", "https://in.example.com/receiver/v1/http/…"},
		{"https://in.example.com/audit-log-of-all-projects", "json", "https://in.example.com/audit-log-of-all-projects"},
		{"splunk+https://splunk.example.com:8088", "", "splunk+https://splunk.example.com:8088"},
		{"stdout:", "", "stdout:"},
		{"http://%zz", "", "…"},
	} {
		s := Sink{To: tt.to, Format: tt.format, Secrets: map[string]string{"key": "my secret", "pin": "1"}}
		if got := s.Shown(); got != tt.shown {
			t.Errorf("%s is shown as %s", tt.to, got)
		}
		text := s.clean(`Post "` + tt.to + `": key my secret or my+secret refused, 1 of 1`)
		if strings.Contains(text, "my secret") || strings.Contains(text, "my+secret") || !strings.HasSuffix(text, "refused, 1 of 1") {
			t.Errorf("an error is shown as %s", text)
		}
		if strings.Contains(tt.to, "geheim") && !strings.Contains(tt.to, "@") && strings.Contains(text, "geheim") {
			t.Errorf("an error is shown as %s", text)
		}
	}
	s := Sink{}
	if got := s.clean(strings.Repeat("ü", 1000) + "\xff"); len(got) > maxText+3 || !strings.HasSuffix(got, "ü…") {
		t.Errorf("a long error is shown as %s", got)
	}
}
