package audit

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"testing"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestAtPath(t *testing.T) {
	base := FieldErrorf("outcome", "is required")
	tests := []struct {
		err          error
		prefix, want string
	}{
		{base, "changes[3]", "changes[3].outcome: is required"},
		{base, "", "outcome: is required"},
		{AtItem(base, EntryAt(1)), "changes[3]", "entries[1].changes[3].outcome: is required"},
		{Errorf(TooLarge, "is %d bytes", 7), "detail", "detail: is 7 bytes"},
		{fmt.Errorf("record: %w", base), "a", "a.outcome: is required"},
		{io.EOF, "a", "EOF"},
	}
	for _, tt := range tests {
		if got := AtPath(tt.err, tt.prefix).Error(); got != tt.want {
			t.Errorf("AtPath(%v, %q) is %q, want %q", tt.err, tt.prefix, got, tt.want)
		}
	}
	if base.Error() != "outcome: is required" {
		t.Errorf("AtPath changed its argument to %v", base)
	}
}

func TestKinds(t *testing.T) {
	seen := map[string]bool{}
	for k := Internal; k <= Unavailable; k++ {
		if seen[k.String()] || ParseKind(k.String()) != k {
			t.Errorf("kind %d has the code %q", k, k)
		}
		seen[k.String()] = true
		if got := KindOf(fmt.Errorf("wrapped: %w", Errorf(k, "m"))); got != k {
			t.Errorf("a wrapped fault of kind %v is of kind %v", k, got)
		}
	}
	if KindOf(errors.New("other")) != Internal || KindOf(nil) != Internal || ParseKind("odd") != Internal {
		t.Error("what is not known must be Internal")
	}
}
