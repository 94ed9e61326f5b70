package lex

import (
	"slices"
	"testing"
)

// TestSplit keeps what strings are split into: templates are stored, and filters that split
// otherwise would not find what older blocks hold.
func TestSplit(t *testing.T) {
	for _, c := range []struct {
		v, template string
		values      []string
	}{
		{"", "", nil},
		{"paused", "paused", nil},
		{"Deployed revision 7 of web, image 6f1d0c2b", "Deployed revision \x01 of web, image \x01", []string{"7", "6f1d0c2b"}},
		{"vm12", "vm\x01", []string{"12"}},
		{"512Mi of 20000000Kilo", "\x01Mi of \x03", []string{"512", "20000000Kilo"}},
		{"v1beta2", "\x03", []string{"v1beta2"}},
		{"0b7c1234-5678-4abc-9def-0123456789ab!", "\x02!", []string{"0b7c1234-5678-4abc-9def-0123456789ab"}},
		{"0b7c1234-5678-4abc-9def-0123456789aB", "\x01-\x01-\x01abc-\x01def-\x01aB", []string{"0b7c1234", "5678", "4", "9", "0123456789"}},
		{"by ada.b+c@example.com.", "by \x03.", []string{"ada.b+c@example.com"}},
		{"a@b", "a@b", nil},
		{"DEADBEEF deadbeef DeadBeef", "\x01 \x01 DeadBeef", []string{"DEADBEEF", "deadbeef"}},
		{"\x01 7 \x04", "\x04\x01 \x01 \x04\x04", []string{"7"}},
		{"é1 ١", "é\x01 ١", []string{"1"}},
		{"2026-05-04T08:15", "\x01-\x01-\x03:\x01", []string{"2026", "05", "04T08", "15"}},
	} {
		var s Splitter
		s.Split(c.v)
		var values []string
		for _, b := range s.Blanks {
			values = append(values, b.Of(c.v))
		}
		if string(s.Template) != c.template || !slices.Equal(values, c.values) {
			t.Errorf("%q: %q with %q, want %q with %q", c.v, s.Template, values, c.template, c.values)
		}
	}
}
