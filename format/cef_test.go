package format

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"auditlog/audit"
)

var cefKey = regexp.MustCompile(`(?:^| )([A-Za-z0-9_]+)=`)

// parseCEF reads a line as a receiver does that goes by the rules of escaping.
func parseCEF(line string) (header []string, extension map[string]string) {
	for len(header) < 7 {
		i := unescaped(line, '|')
		if i < 0 {
			return nil, nil
		}
		header = append(header, strings.NewReplacer(`\\`, `\`, `\|`, `|`).Replace(line[:i]))
		line = line[i+1:]
	}
	extension = make(map[string]string)
	unescape := strings.NewReplacer(`\\`, `\`, `\=`, `=`, `\n`, "\n", `\r`, "\r").Replace
	keys := cefKey.FindAllStringSubmatchIndex(line, -1)
	for i, k := range keys {
		end := len(line)
		if i+1 < len(keys) {
			end = keys[i+1][0]
		}
		extension[line[k[2]:k[3]]] = unescape(line[k[1]:end])
	}
	return header, extension
}

// unescaped returns where c first stands without a backslash that belongs to it.
func unescaped(s string, c byte) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case c:
			return i
		}
	}
	return -1
}

func checkCEF(t *testing.T, e *audit.Entry) {
	t.Helper()
	line := string(CEF.Append(nil, origin, e))
	header, ext := parseCEF(line)
	if header == nil || header[0] != "CEF:0" || strings.ContainsAny(line, "\r\n") {
		t.Fatalf("%q", line)
	}
	s := &scene{e, origin, deedOf(e)}
	for _, r := range cefRows {
		if got := ext[r.To]; got != r.plain(s) {
			t.Errorf("%s is %q, want %q, in %s", r.To, got, r.plain(s), line)
		}
		if _, ok := ext[r.To+"Label"]; ok != (r.label != "" && r.plain(s) != "") {
			t.Errorf("%sLabel: %v in %s", r.To, ok, line)
		}
	}
}

func TestCEFReadsBack(t *testing.T) {
	for _, e := range samples() {
		checkCEF(t, e)
	}
}

func FuzzCEF(f *testing.F) {
	f.Add("a|b=c\\", "x=y\n\\n msg=z", "k=v")
	f.Add("=", " =", "\\=")
	f.Fuzz(func(t *testing.T, action, detail, name string) {
		if !utf8.ValidString(action + detail + name) {
			t.Skip() // the log holds none
		}
		e := samples()[0].Clone()
		e.Action, e.Detail, e.Resource.Name = action, detail, name
		checkCEF(t, e)
	})
}

// Each key is there once, and what CEF itself defines is spelt as it is there.
func TestCEFKeys(t *testing.T) {
	seen := make(map[string]bool)
	for _, r := range cefRows {
		if seen[r.To] || !regexp.MustCompile(`^[A-Za-z0-9]+$`).MatchString(r.To) {
			t.Errorf("%s", r.To)
		}
		seen[r.To] = true
	}
	known := strings.Fields("externalId start end rt act outcome suser spriv src shost c6a2 duser requestClientApplication msg " +
		"cs1 cs2 cs3 cs4 cs5 cs6 cn1 cn2 flexString1 flexString2")
	for key := range maps.Keys(seen) {
		if !strings.HasPrefix(key, "auditlog") && !slices.Contains(known, key) {
			t.Errorf("%s is no key of CEF", key)
		}
	}
}
