package rpc

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
)

func TestCSV(t *testing.T) {
	e := audit.Entry{
		ID: 7, Project: "acme", Action: "deployment.deploy", Outcome: audit.Success,
		Actor:    audit.Actor{Email: "ada@example.com", Type: audit.User, Label: "=1+1"},
		Resource: audit.Resource{Type: "Deployment", ID: "1", Name: `we"b`, LocationID: "-x"},
		Detail:   "two\nlines, and a comma", Channel: audit.ChannelCLI,
		Request:   audit.Request{IP: "203.0.113.9", UserAgent: "\t@curl", ID: "＝r"},
		Changes:   []audit.Change{{Field: "replicas", Old: "2", New: `,"metadata":4`}},
		Metadata:  map[string]string{"b": "2", "a": `,"metadata":`},
		Key:       "  +k",
		CreatedAt: time.Date(2026, 5, 4, 8, 15, 30, 123456000, time.UTC),
	}
	e.RecordedAt = e.CreatedAt.Add(time.Second)
	text := AppendCSV(CSVHeader(), &e)
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d rows, %v:\n%s", len(rows), err, text)
	}
	want := map[string]string{
		"id": "7", "createdAt": "2026-05-04T08:15:30.123456Z", "recordedAt": "2026-05-04T08:15:31.123456Z",
		"project": "acme", "outcome": "success", "actor": "ada@example.com", "actorType": "User",
		"actorLabel": "'=1+1", "action": "deployment.deploy", "resourceType": "Deployment", "resourceId": "1",
		"resourceName": `we"b`, "locationId": "'-x", "detail": "two\nlines, and a comma", "channel": "cli",
		"ip": "203.0.113.9", "userAgent": "'\t@curl", "requestId": "'＝r",
		"changes":  `[{"field":"replicas","old":"2","new":",\"metadata\":4"}]`,
		"metadata": `{"a":",\"metadata\":","b":"2"}`, "key": "'  +k",
	}
	if len(rows[0]) != len(want) {
		t.Errorf("%d columns, want %d", len(rows[0]), len(want))
	}
	for i, name := range rows[0] {
		if rows[1][i] != want[name] {
			t.Errorf("%s is %q, want %q", name, rows[1][i], want[name])
		}
	}
}

func TestDefuse(t *testing.T) {
	for _, s := range []string{"=1", "+1", "-1", "@a", " =1", "\n=1", "\tx", "\rx", "\ufeff=1", "＠x", "\u00a0=1"} {
		if got := defuse(s); got != "'"+s {
			t.Errorf("%q became %q", s, got)
		}
	}
	for _, s := range []string{"", "a=1", "a-b", "1+1", "'=1", " x"} {
		if got := defuse(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
	if strings.Contains(string(CSVHeader()), "'") {
		t.Errorf("the header is %s", CSVHeader())
	}
}
