package rpc

import (
	"encoding/json"
	"net/http"
	"testing"

	"auditlog/audit"
)

func TestErrorsSurviveTheWire(t *testing.T) {
	for k := audit.Internal; k <= audit.Unavailable; k++ {
		for _, path := range []string{"", "outcome", "changes[3].field", "line 3: outcome", "entries[3].outcome"} {
			for _, item := range []audit.Item{{}, audit.EntryAt(0), audit.EntryAt(12), audit.LineAt(1)} {
				sent := audit.Fault{Kind: k, Item: item, Path: path, Message: "must be what it is"}
				if got := roundTrip(t, ErrorOf(&sent, "r1")).Fault(); *got != sent {
					t.Errorf("%+v became %+v", sent, *got)
				}
			}
		}
		if got := KindOfStatus(Status(k)); got != k {
			t.Errorf("status %d of %v is of kind %v", Status(k), k, got)
		}
	}
}

// roundTrip sends e as JSON.
func roundTrip(t *testing.T, e *Error) *Error {
	t.Helper()
	sent, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	got := new(Error)
	if err := json.Unmarshal(sent, got); err != nil {
		t.Fatal(err)
	}
	return got
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
