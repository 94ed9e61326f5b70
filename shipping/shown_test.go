package shipping

import (
	"strings"
	"testing"
)

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
