package api

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"auditlog/api/dialect"
	"auditlog/api/strict"
	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/rpc"
)

// What deploys.app's Go client sends, in the versions of its API.
func TestDeploysFilters(t *testing.T) {
	f := start(t, Options{})
	f.ok(rpc.Record, batchOf(deployEntry, edited(`"success"`, `"error"`), edited(`"success"`, `"forbidden"`)), nil)
	const unset = `"resourceType":"","actor":"","channel":"","after":"0001-01-01T00:00:00Z","before":"0001-01-01T00:00:00Z"`
	tests := map[string]int{
		`"outcome":"AuditOutcome(0)","limit":50`:      3,
		`"outcome":"success","limit":50`:              1,
		`"outcome":"failure","limit":50`:              2,
		`"outcome":0,"limit":100`:                     3,
		`"outcome":1,"limit":100`:                     1,
		`"outcome":2,"limit":100`:                     2,
		`"outcome":"AuditOutcome(0)","limit":0`:       3,
		`"outcome":"AuditOutcome(0)","limit":-5`:      3,
		`"outcome":"AuditOutcome(0)","limit":1000000`: 3,
	}
	for filters, want := range tests {
		res, body := f.post("auditlog.list", `{"project":"acme",`+unset+`,`+filters+`}`, "X-Deploys-Channel", "cli", "Content-Type", "application/json; charset=utf-8")
		var answer rpc.Answer[rpc.ListResult]
		decodeAnswer(t, body, &answer)
		if res.StatusCode != http.StatusOK || answer.Result == nil || len(answer.Result.Items) != want {
			t.Errorf("%s: %s %s", filters, res.Status, body)
		}
	}
	f.bad(http.StatusBadRequest, rpc.List, `{"project":"acme","limit":-5}`)
}

// What the filters of requests mean, in the words of deploys.app and those of the log.
func TestDeploysQueries(t *testing.T) {
	day := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	failure := []string{"error", "forbidden"}
	tests := map[string]audit.Query{
		`"outcome":"AuditOutcome(0)","after":"0001-01-01T00:00:00Z","before":"0001-01-01T00:00:00Z","from":"0001-01-01T00:00:00Z"`: {},
		`"to":"0001-01-01T06:42:00+06:42"`: {},
		`"outcome":0`:                      {},
		`"outcome":1`:                      {Is: audit.Terms{"outcome": {string(audit.Success)}}},
		`"outcome":2`:                      {Is: audit.Terms{"outcome": failure}},
		`"outcome":["0","failure"]`:        {Is: audit.Terms{"outcome": failure}},
		`"outcome":null`:                   {},
		`"after":"2026-05-01T00:00:00Z"`:   {From: day.Add(time.Microsecond)},
		`"before":"2026-05-01T00:00:00Z"`:  {To: day},
		`"from":"2026-05-01T00:00:00Z","after":"2026-04-01T00:00:00Z","to":"2026-05-03T00:00:00Z","before":"2026-05-02T00:00:00Z"`: {
			From: day, To: day.AddDate(0, 0, 1)},
	}
	for filters, want := range tests {
		var req listRequest
		if err := strict.Decode([]byte(`{"project":"acme",`+filters+`}`), &req); err != nil {
			t.Errorf("%s: %v", filters, err)
			continue
		}
		want.Project = "acme"
		if got, err := preparedQuery(&req.Filters, req.Query); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v, want %+v", filters, got, err, want)
		}
	}
	for filters, want := range map[string]string{
		`"outcome":7`:     "outcome: must be a string or a list of strings",
		`"outcome":{}`:    "outcome: must be a string or a list of strings",
		`"outcome":["7"]`: "outcome: must be success, forbidden, error or failure",
		`"before":7`:      "before: must be a string",
		`"before":"odd"`: `before: "odd" is not a time: write 2026-05-01T14:30:00Z, 2026-05-01, 2026-05-01 14:30, 14:30, ` +
			`a span before now such as 90m, 24h, 7d or 1y, now, today or yesterday`,
		`"beforehand":"x"`: `beforehand: unknown field`,
		`"befor":"x"`:      `befor: unknown field: did you mean "before"?`,
		`"after":"2026-05-02T00:00:00Z","before":"2026-05-01T00:00:00Z"`: "before: must not be earlier than after",
	} {
		var req statsRequest
		err := strict.Decode([]byte(`{"project":"acme",`+filters+`}`), &req)
		if err == nil {
			_, err = preparedQuery(&req.Filters, req.Query)
		}
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", filters, err, want)
		}
	}
}

// preparedQuery is the query of d and w as a log prepares it.
func preparedQuery(d *dialect.Filters, w rpc.Query) (audit.Query, error) {
	q, err := d.Into(&w, testNow)
	if err != nil {
		return q, err
	}
	q.Normalize()
	return q, q.Validate()
}

// Its clients read the envelope alone, and tell errors apart by their words.
func TestDeploysErrors(t *testing.T) {
	f, admin := withTokens(t, Options{})
	viewer, _ := f.tokenFor(rights.Viewer, "acme")
	tests := []struct{ method, body, token, message, item string }{
		{"auditlog.list", `{"project":"acme"}`, "", "api: unauthorized", ""},
		{"auditlog.list", `{"project":"acme"}`, "al_wrong", "api: unauthorized", ""},
		{"auditlog.list", `{"project":"other"}`, viewer, "iam: forbidden", ""},
		{"auditlog.get", `{"project":"acme","id":1}`, viewer, "api: not found", ""},
		{"project.get", `{"project":"acme"}`, viewer, "api: project not found", ""},
		{"audit.nothing", `{}`, viewer, "api: not found", ""},
		{"auditlog.list", `{}`, admin, "project required", "project: is required"},
		{"auditlog.list", `{"project":"acme","outcome":"odd"}`, viewer, "api: validate error", "outcome: must be success, forbidden, error or failure"},
		{"auditlog.list", `{"project":"acme","wrong":1}`, viewer, "api: validate error", "wrong: unknown field"},
		{"auditlog.list", `{"project":"acme","q":"x"}`, viewer, "q: full-text search is not available", ""},
	}
	for _, tt := range tests {
		e := f.bad(http.StatusOK, tt.method, tt.body, "X-Deploys-Channel", "console", "Authorization", "Bearer "+tt.token)
		if e.Error.Message != tt.message || strings.Join(e.Error.Items, ",") != tt.item {
			t.Errorf("%s %s: %+v", tt.method, tt.body, e.Error)
		}
	}
	r := f.request(http.MethodGet, "/auditlog.list", "", "X-Deploys-Channel", "")
	if res, body := f.do(r); res.StatusCode != http.StatusOK || !strings.Contains(body, `"ok":false`) {
		t.Errorf("a wrong verb: %s %s", res.Status, body)
	}
}
