package kinds

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/sink"
	"auditlog/sink/sinktest"
)

var update = flag.Bool("update", false, "write the tables of docs/siem.md")

// docs/siem.md says of each kind what can be said of it.
func TestDocument(t *testing.T) {
	var b strings.Builder
	b.WriteString("| destination | address | formats |\n|---|---|---|\n")
	for _, k := range All() {
		fmt.Fprintf(&b, "| [%s](#%s) | `%s` | %s |\n", k.Title, k.Name, k.Example, strings.Join(k.Formats, ", "))
	}
	sinktest.Section(t, "../../docs/siem.md", "destinations", b.String(), *update)
	for _, k := range All() {
		if len(k.Settings) == 0 {
			continue
		}
		b.Reset()
		b.WriteString("| setting | |\n|---|---|\n")
		for _, s := range k.Settings {
			fmt.Fprintf(&b, "| `%s`%s | %s%s |\n", s.Name, qualities(&s), s.Usage, usual(&s))
		}
		sinktest.Section(t, "../../docs/siem.md", "settings of "+k.Name, b.String(), *update)
	}
}

func qualities(s *sink.Setting) string {
	switch {
	case s.Secret && s.Required:
		return " (secret, required)"
	case s.Secret:
		return " (secret)"
	case s.Required:
		return " (required)"
	}
	return ""
}

func usual(s *sink.Setting) string {
	if s.Default == "" {
		return ""
	}
	return " Default: " + s.Default + "."
}

// Each kind's own example opens, in each of its formats, unless it needs a secret; and every
// setting that it has is told, once, and has a default that it takes.
func TestEveryKind(t *testing.T) {
	schemes := make(map[string]bool)
	for _, k := range All() {
		for _, scheme := range k.Schemes {
			if schemes[scheme] {
				t.Errorf("%s stands for two kinds", scheme)
			}
			schemes[scheme] = true
		}
		secrets := make(map[string]string)
		names := make(map[string]bool)
		for _, s := range k.Settings {
			if names[s.Name] || s.Usage == "" || !strings.HasSuffix(s.Usage, ".") || s.Secret && s.Default != "" {
				t.Errorf("%s: %+v", k.Name, s)
			}
			names[s.Name] = true
			if len(s.Choices) > 0 && !slices.Contains(s.Choices, s.Default) {
				t.Errorf("%s: %s is %q unless it is one of %v", k.Name, s.Name, s.Default, s.Choices)
			}
			if s.Required && s.Secret {
				secrets[s.Name] = "s3cret"
			}
		}
		for _, f := range k.Formats {
			d, err := Open(sink.Config{To: k.Example, Format: f, Secrets: secrets}, sink.Environment{Stdout: io.Discard})
			if err != nil {
				t.Errorf("%s, %s: %v", k.Example, f, err)
				continue
			}
			if err := d.Close(); err != nil {
				t.Errorf("%s: close: %v", k.Example, err)
			}
		}
	}
}

func TestRefuses(t *testing.T) {
	for want, c := range map[string]sink.Config{
		"to: must begin with one of https, http, ":                                  {To: "ftp://x"},
		"settings.colour: is not known of file, which has rotate, keep":             {To: "file:///a", Settings: map[string]string{"colour": "red"}},
		"secrets.token: is not known of file, which has none":                       {To: "file:///a", Secrets: map[string]string{"token": "x"}},
		"settings.token: is not known of splunk, which has index, ":                 {To: "splunk+https://x", Settings: map[string]string{"token": "x"}, Secrets: map[string]string{"token": "x"}},
		"format: must be one of ecs, json, ocsf for elastic":                        {To: "elastic+https://x/a", Format: "cef"},
		"to: is standard output, which nobody reads here":                           {To: "stdout:"},
		"to: localhost is on this machine or its link, where sinks may not lead un": {To: "loki+http://localhost:3100"},
	} {
		_, err := Open(c, sink.Environment{})
		if err == nil || !strings.HasPrefix(err.Error(), want) || audit.KindOf(err) != audit.Invalid {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}

// TestRestingHoldsLittle: what each of many destinations has tried to send, and will again, is in the
// memory of none of them.
func TestRestingHoldsLittle(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer server.Close()
	b := &sink.Batch{Log: audit.Lineage{Log: "0123456789abcdef"}, Sink: "siem", Proven: true}
	for i := range 500 {
		e := audittest.Plain(i)
		e.ID, e.Detail = int64(i+1), strings.Repeat("much to say ", 40)
		b.Entries = append(b.Entries, e)
	}
	env := sink.Environment{AllowLocal: true, Scratch: new(sink.Scratch)}
	before, n := heap(), 0
	for _, c := range []sink.Config{
		{To: "/"}, {To: "/", Settings: map[string]string{"gzip": "yes"}}, {To: "otlp+", Settings: map[string]string{"gzip": "yes"}},
		{To: "splunk+", Secrets: map[string]string{"token": "x"}}, {To: "elastic+"}, {To: "loki+"},
	} {
		c.To = strings.Trim(c.To, "/") + server.URL + "/index"
		for range 30 {
			d, err := Open(c, env)
			if err != nil {
				t.Fatalf("%s: %v", c.To, err)
			}
			defer d.Close()
			if err := d.Deliver(t.Context(), b); err == nil {
				t.Fatalf("%s takes what the server refuses", c.To)
			}
			n++
		}
	}
	if held := heap() - before; held > int64(n)*100<<10 {
		t.Errorf("%d destinations hold %d KiB each", n, held/int64(n)>>10)
	}
}

// heap returns how much memory is held.
func heap() int64 {
	var m runtime.MemStats
	for range 3 { // what pools have goes with the second
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
