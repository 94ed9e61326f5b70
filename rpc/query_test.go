package rpc

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"auditlog/audit"
)

func TestQueryFromJSON(t *testing.T) {
	day := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		body string
		want audit.Query
	}{
		"bare":           {`{"project":"acme"}`, audit.Query{}},
		"type is folded": {`{"project":"acme","resourceType":"Deployment"}`, audit.Query{Is: audit.Terms{"resourceType": {"deployment"}}}},
		"everything": {
			`{"project":"acme","resourceId":"4711","action":"deployment.*","actor":"ada@example.com","actorType":"User","channel":"CLI","q":" \"a b\" -c "}`,
			audit.Query{Is: audit.Terms{"resourceId": {"4711"}, "action": {"deployment.*"}, "actor": {"ada@example.com"}, "actorType": {string(audit.User)}, "channel": {string(audit.ChannelCLI)}}, Text: `"a b" -c`},
		},
		"outcome as a string":       {`{"project":"acme","outcome":"Success"}`, audit.Query{Is: audit.Terms{"outcome": {string(audit.Success)}}}},
		"failure is two outcomes":   {`{"project":"acme","outcome":"failure"}`, audit.Query{Is: audit.Terms{"outcome": {string(audit.Error), string(audit.Forbidden)}}}},
		"a list with a repetition":  {`{"project":"acme","outcome":["failure","error"]}`, audit.Query{Is: audit.Terms{"outcome": {string(audit.Error), string(audit.Forbidden)}}}},
		"all outcomes are no limit": {`{"project":"acme","outcome":["failure","success"]}`, audit.Query{}},
		"outcome null":              {`{"project":"acme","outcome":null}`, audit.Query{}},
		"from is kept, to too": {
			`{"project":"acme","from":"2026-05-01T00:00:00Z","to":"2026-05-02T07:00:00+07:00"}`,
			audit.Query{From: day, To: day.AddDate(0, 0, 1)},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var w Query
			if err := json.Unmarshal([]byte(tt.body), &w); err != nil {
				t.Fatal(err)
			}
			got, err := asked(&w)
			if err != nil {
				t.Fatal(err)
			}
			tt.want.Project = "acme"
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
			sent := QueryOf(got)
			again, err := asked(&sent)
			if err != nil || !reflect.DeepEqual(again, got) {
				t.Errorf("sent again, the query became %+v, %v", again, err)
			}
		})
	}
}

// asked is the query that w stands for as a log prepares it.
func asked(w *Query) (audit.Query, error) {
	q, err := w.Query()
	if err != nil {
		return q, err
	}
	q.Normalize()
	return q, q.Validate()
}

func TestQueryRefused(t *testing.T) {
	tests := map[string]string{
		`{}`:                                  "project: is required",
		`{"project":"acme","order":"odd"}`:    "order: must be newest or oldest",
		`{"project":"acme","outcome":"odd"}`:  "outcome: must be success, forbidden, error or failure",
		`{"project":"acme","outcome":7}`:      "must be a string or a list of strings",
		`{"project":"acme","outcome":[7]}`:    "must be a string or a list of strings",
		`{"project":"acme","outcome":{}}`:     "must be a string or a list of strings",
		`{"project":"acme","actorType":"Us"}`: "actorType: must be User or ServiceAccount",
		`{"project":"acme","from":"2026-05-02T00:00:00Z","to":"2026-05-01T00:00:00Z"}`: "to: must not be before from",
		`{"project":"acme","outcome":0}`:                                               "must be a string or a list of strings",
		`{"project":"acme","outcome":"AuditOutcome(0)"}`:                               "outcome: must be success, forbidden, error or failure",
		`{"project":"acme","to":"0001-05-02T00:00:00Z"}`:                               "to: must lie between the years 2 and 9999",
	}
	for body, want := range tests {
		var w Query
		err := json.Unmarshal([]byte(body), &w)
		if err == nil {
			_, err = asked(&w)
		}
		if err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", body, err, want)
		}
	}
}

func FuzzValues(f *testing.F) {
	for _, s := range []string{`"success"`, `["failure","error"]`, `null`, `0`, `""`, `[null]`, `[[]]`, `"\u`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var o, again Values
		if o.UnmarshalJSON(b) != nil {
			return
		}
		sent, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(sent, &again); err != nil || !reflect.DeepEqual(o, again) {
			t.Fatalf("%q became %q: %v", o, again, err)
		}
	})
}
