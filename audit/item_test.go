package audit

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestItemsInFaults(t *testing.T) {
	field, whole := FieldErrorf("outcome", "is required"), Errorf(TooLarge, "is %d bytes", 7)
	tests := []struct {
		err  error
		item Item
		want string
	}{
		{field, Item{}, "outcome: is required"},
		{field, EntryAt(0), "entries[0].outcome: is required"},
		{field, LineAt(7), "line 7: outcome: is required"},
		{whole, EntryAt(12), "entries[12]: is 7 bytes"},
		{whole, LineAt(1), "line 1: is 7 bytes"},
		{fmt.Errorf("record: %w", field), EntryAt(3), "entries[3].outcome: is required"},
		{io.EOF, EntryAt(3), "EOF"},
	}
	for _, tt := range tests {
		if got := AtItem(tt.err, tt.item).Error(); got != tt.want {
			t.Errorf("%v at %v is %q, want %q", tt.err, tt.item, got, tt.want)
		}
	}
	if field.Error() != "outcome: is required" {
		t.Errorf("AtItem changed its argument to %v", field)
	}
}

func TestItemsMove(t *testing.T) {
	field := FieldErrorf("outcome", "is required")
	down := func(i int) Item { return EntryAt(i + 100) }
	tests := []struct {
		err  error
		want string
	}{
		{AtItem(field, EntryAt(3)), "entries[103].outcome: is required"},
		{AtItem(field, LineAt(3)), "line 3: outcome: is required"},
		{field, "outcome: is required"},
		{FieldErrorf("entries[3].outcome", "looks like one"), "entries[3].outcome: looks like one"},
		{io.EOF, "EOF"},
	}
	for _, tt := range tests {
		if got := MoveItem(tt.err, down).Error(); got != tt.want {
			t.Errorf("%v became %q, want %q", tt.err, got, tt.want)
		}
	}
	if MoveItem(nil, down) != nil || AtItem(nil, EntryAt(1)) != nil {
		t.Error("no error became one")
	}
	err := MoveItem(AtItem(field, EntryAt(3)), func(i int) Item { return LineAt(i + 1) })
	if f := (*Fault)(nil); !errors.As(err, &f) || f.Item != LineAt(4) {
		t.Errorf("%v is not on line 4", err)
	}
}

func TestItemsCount(t *testing.T) {
	if i, ok := EntryAt(0).Entry(); i != 0 || !ok {
		t.Errorf("the first entry is %d, %t", i, ok)
	}
	if _, ok := EntryAt(5).Line(); ok {
		t.Error("an entry of a batch is on a line")
	}
	if _, ok := LineAt(5).Entry(); ok {
		t.Error("a line is an entry of a batch")
	}
	if _, ok := (Item{}).Entry(); ok || (Item{}).String() != "" {
		t.Error("no item is one")
	}
}
