package exit

import (
	"testing"

	"auditlog/audit"
)

// What a server says of an error is shown and not obeyed either.
func TestExplainIsPlain(t *testing.T) {
	err := audit.Errorf(audit.Invalid, "no \x1b]0;evil\a \u009b31m\nand more")
	if got, want := Explain(err), "auditlog: error: no \\x1b]0;evil\\a \\u009b31m; and more\n"; got != want {
		t.Errorf("explained as %q, want %q", got, want)
	}
}
