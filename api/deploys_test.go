package api

import (
	"net/http"
	"strings"
	"testing"

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
