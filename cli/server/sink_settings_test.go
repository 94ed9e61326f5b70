package server

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/shipping"
)

func TestSinkTables(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(secret, []byte("geheim\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := loadConfig(t, nil, nil, `
[[sink]]
name = "siem"
all-projects = true
to = "splunk+https://splunk.example.com:8088"
secret-files = {token = "`+secret+`"}
from = "first"
batch = 500
wait = "5s"

[[sink]]
name = "denied"
project = "acme"
outcome = ["failure"]
not = ["actor=probe@acme", "action=*.test"]
q = "production"
to = "https://siem.example.com/in"
silence = "24h"

[sink.settings]
gzip = "yes"
`)
	want := []shipping.Configured{
		{Sink: shipping.Sink{Name: "siem", To: "splunk+https://splunk.example.com:8088", Secrets: map[string]string{"token": "geheim"},
			Batch: 500, Wait: 5 * time.Second}, Start: shipping.Start{First: true}},
		{Sink: shipping.Sink{Name: "denied", Project: "acme", Is: audit.Terms{"outcome": {"failure"}},
			Not: audit.Terms{"actor": {"probe@acme"}, "action": {"*.test"}}, Text: "production", To: "https://siem.example.com/in",
			Settings: map[string]string{"gzip": "yes"}, Silence: 24 * time.Hour}},
	}
	if err != nil || fmt.Sprint(c.Sinks) != fmt.Sprint(want) {
		t.Errorf("read are\n%+v, %v, want\n%+v", c.Sinks, err, want)
	}
	const head = "name = \"a\"\nproject = \"acme\"\nto = \"https://siem.example.com\"\n"
	for table, want := range map[string]string{
		`name = "a"`:                                                    ":1: sink.project: is required, or all-projects = true",
		"name = \"a\"\nproject = \"acme\"":                              ":1: sink.to: is required",
		"project = \"acme\"\nto = \"https://x\"":                        ":1: sink.name: is required",
		"name = \"A\"\nproject = \"acme\"\nto = \"https://x\"":          ":2: sink.name: must be at most 64",
		"name = \"a\"\nproject = \"acme\"\nto = \"gopher://x\"":         ":4: sink.to: must begin with one of",
		"name = \"a\"\nproject = \"acme\"\nto = \"https://localhost/\"": ":4: sink.to: localhost is on this machine",
		head + "all-projects = true":                                    ":5: sink.all-projects: and a project contradict each other",
		head + "format = \"csv\"":                                       ":5: sink.format: must be one of",
		head + "settings = {rotate = 1}":                                ":5: sink.settings: rotate: is not known of webhook",
		head + "settings = [\"rotate\"]":                                ":5: sink.settings:",
		head + "secrets = {secret = \"x\"}":                             ":5: sink.secrets: secret: must",
		head + "secret-files = {secret = \"/nowhere/x\"}":               ":5: sink.secret-files: no such file or directory",
		head + "not = [\"actor\"]":                                      ":5: sink.not: wants a field and a value",
		head + "from = \"soon\"":                                        ":5: sink.from: must be now, first",
		head + "from = \"refused\"":                                     ":5: sink.from: cannot be what was refused",
		head + "batch = 100000":                                         ":5: sink.batch: must be from 1 to 10000",
		head + "wait = \"2h\"":                                          ":5: sink.wait: must be at most 1h0m0s",
		head + "actors = [\"ada\"]":                                     `:5: sink.actors: no such setting: did you mean "actor"?`,
		head + "[[sink]]\n" + head:                                      `:6: sink.name: "a" is that of another sink`,
	} {
		if _, err := loadConfig(t, nil, nil, "[[sink]]\n"+table+"\n"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", table, err, want)
		}
	}
	if _, err := loadConfig(t, []string{"--allow-local-sinks"}, nil, "[[sink]]\nname = \"a\"\nproject = \"acme\"\nto = \"http://127.0.0.1/\"\n"); err != nil {
		t.Errorf("where local ones are allowed: %v", err)
	}
}
