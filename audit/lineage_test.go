package audit

import "testing"

func TestParseLineage(t *testing.T) {
	for _, l := range []Lineage{{Log: "5f1c"}, {Log: "5f1c", Epoch: 1}, {Log: "5f1c", Epoch: 1<<32 - 1}} {
		if got, err := ParseLineage(l.String()); err != nil || got != l {
			t.Errorf("%s: %+v, %v", l, got, err)
		}
	}
	for _, s := range []string{"", "-1", "5f1c-", "5f1c-0", "5f1c-01", "5f1c-4294967296", "5f1c-1-1", "5f1c--1", "5f1c-+1"} {
		if got, err := ParseLineage(s); KindOf(err) != Invalid {
			t.Errorf("%s: %+v, %v", s, got, err)
		}
	}
}
