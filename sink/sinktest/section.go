package sinktest

import (
	"os"
	"strings"
	"testing"
)

// Section compares a part of a document with what it should be, or writes it there. The part
// stands between <!-- name --> and <!-- /name -->, each on a line of its own.
func Section(t *testing.T, path, name, want string, write bool) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), "<!-- "+name+" -->\n")
	got, after, closed := strings.Cut(rest, "<!-- /"+name+" -->\n")
	switch {
	case !ok || !closed:
		t.Errorf("%s has no part %s", path, name)
	case got == want:
	case !write:
		t.Errorf("%s: the part %s is\n%s\nwant\n%s", path, name, got, want)
	default:
		text := before + "<!-- " + name + " -->\n" + want + "<!-- /" + name + " -->\n" + after
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
