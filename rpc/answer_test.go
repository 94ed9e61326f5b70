package rpc

import (
	"net/http"
	"testing"

	"auditlog/audit"
)

func TestErrorsSurviveTheWire(t *testing.T) {
	for k := audit.Internal; k <= audit.Unavailable; k++ {
		for _, path := range []string{"", "entries[3].outcome"} {
			sent := audit.Fault{Kind: k, Path: path, Message: "must be what it is"}
			if got := ErrorOf(&sent, "r1").Fault(); *got != sent {
				t.Errorf("%+v became %+v", sent, *got)
			}
		}
		if got := KindOfStatus(Status(k)); got != k {
			t.Errorf("status %d of %v is of kind %v", Status(k), k, got)
		}
	}
}

func TestKindOfForeignStatus(t *testing.T) {
	for status, want := range map[int]audit.Kind{
		http.StatusBadGateway:     audit.Unavailable,
		http.StatusGatewayTimeout: audit.Unavailable,
		http.StatusTeapot:         audit.Invalid,
		http.StatusNotImplemented: audit.Internal,
	} {
		if got := KindOfStatus(status); got != want {
			t.Errorf("status %d is of kind %v, want %v", status, got, want)
		}
	}
}

func TestRecordResultAdds(t *testing.T) {
	var sum RecordResult
	sum.Add(RecordResult{Skipped: 1, Entries: []Recorded{{Skipped: true}}})
	sum.Add(RecordResult{Recorded: 2, FirstID: 5, LastID: 6, Entries: []Recorded{{ID: 5}, {ID: 6}}})
	sum.Add(RecordResult{Duplicates: 1, Entries: []Recorded{{ID: 5, Duplicate: true}}})
	if sum.Recorded != 2 || sum.Duplicates != 1 || sum.Skipped != 1 || sum.FirstID != 5 || sum.LastID != 6 || len(sum.Entries) != 4 {
		t.Errorf("the sum is %+v", sum)
	}
}
