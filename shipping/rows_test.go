package shipping

import (
	"reflect"
	"testing"
	"time"

	"auditlog/audit"
)

// Rows that were written once are read for ever, as they were.
func TestRowsOfThePast(t *testing.T) {
	at := time.Date(2026, 5, 4, 8, 15, 30, 0, time.UTC)
	for _, tt := range []struct {
		row        string
		into, want any
	}{
		{`{"name":"siem","project":"acme","is":{"outcome":["failure"]},"not":{"actor":["eve"]},"text":"x","format":"json",` +
			`"settings":{"gzip":"yes"},"batch":10,"wait":5000000000,"silence":3600000000000,"createdAt":"2026-05-04T08:15:30Z","createdBy":"boss"}`,
			new(Sink), &Sink{Name: "siem", Project: "acme", Is: audit.Terms{"outcome": {"failure"}}, Not: audit.Terms{"actor": {"eve"}}, Text: "x",
				Format: "json", Settings: map[string]string{"gzip": "yes"}, Batch: 10, Wait: 5 * time.Second, Silence: time.Hour, CreatedAt: at, CreatedBy: "boss"}},
		{`{"number":"00ff","at":7,"floor":3,"paused":true,"stopped":"why","delivered":1,"resent":2,"refused":3,"purged":4,"retries":5,"letters":6,` +
			`"room":10000,"resending":true,"resentTo":8,"deliveredAt":"2026-05-04T08:15:30Z","quiet":9,"silent":true,"notice":10}`,
			new(place), &place{Number: "00ff", At: 7, Floor: 3, Paused: true, Stopped: "why", Delivered: 1, Resent: 2, Refused: 3, Purged: 4, Retries: 5,
				Letters: 6, Room: 10000, Resending: true, ResentTo: 8, DeliveredAt: at, Quiet: 9, Silent: true, Notice: 10}},
		{`{"number":7,"at":"2026-05-04T08:15:30Z","reason":"400"}`, new(letter), &letter{7, at, "400"}},
		{`{"to":"https://x","secrets":{"key":"g"}}`, new(private), &private{To: "https://x", Secrets: map[string]string{"key": "g"}}},
	} {
		if err := decode(audit.SinkRow{Key: "k", Value: []byte(tt.row)}, tt.into); err != nil || !reflect.DeepEqual(tt.into, tt.want) {
			t.Errorf("%s is read as %+v, %v", tt.row, tt.into, err)
		}
		if now := string(encode(tt.want)); now != tt.row {
			t.Errorf("written is %s, and was once %s", now, tt.row)
		}
	}
	if err := decode(audit.SinkRow{Key: "k", Value: []byte(`{"at":7,"later":1}`)}, new(place)); err == nil {
		t.Error("what a newer program wrote is guessed at")
	}
}
