package entrypage

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A diff holds both texts, and no line of it is told to have gone and come where it stayed.
func TestDiffLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := func(label string) string {
			return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", ""}), 1, 8).Draw(t, label), "\n")
		}
		from, to := text("from"), text("to")
		var old, fresh []string
		for _, line := range diffLines(from, to) {
			if line.Old {
				old = append(old, line.Text)
			}
			if line.New {
				fresh = append(fresh, line.Text)
			}
			if !line.Old && !line.New || from == to && line.Old != line.New {
				t.Fatalf("%q to %q: %+v", from, to, line)
			}
		}
		if strings.Join(old, "\n") != from || strings.Join(fresh, "\n") != to {
			t.Fatalf("%q to %q is shown as %q and %q", from, to, old, fresh)
		}
	})
	if many := strings.Repeat("x\n", maxDiffLines); diffLines(many, "x") != nil {
		t.Error("however many lines there are, they are compared")
	}
}
