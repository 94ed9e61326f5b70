package column

import "testing"

// TestEveryKindIsWhole wants of each row of the table what its nature promises to readers.
func TestEveryKindIsWhole(t *testing.T) {
	names := map[string]bool{}
	for number, k := range kinds {
		switch {
		case k.name == "" || names[k.name] || k.coder == nil || k.where == 0:
			t.Errorf("kind %d, %q, has no row, or another one's name", number, k.name)
		case (k.nature == Plain || k.nature == Chosen || k.nature == Templates || k.nature == Shapes) && k.lifter == nil:
			t.Errorf("%s: nobody can tell which elements have one of its strings", k.name)
		case (k.nature == Number) != (k.numeral != nil):
			t.Errorf("%s: it is of the nature of numbers, or finds them, and not both", k.name)
		case k.where&inNames != 0 && k.directory == nil:
			t.Errorf("%s: it holds names, and cannot read them", k.name)
		case k.writer != nil && k.where&inSlot == 0:
			t.Errorf("%s: it is chosen for slots, and may not stand there", k.name)
		case k.shared && (k.nature != Chosen || k.held == nil):
			t.Errorf("%s: it shares strings, and does not choose among them", k.name)
		}
		names[k.name] = true
	}
	if kindCount > 16 {
		t.Errorf("%d kinds; a column has four bits for its kind", kindCount)
	}
}
