package api

import (
	"net/http"
	"strings"
	"testing"

	"auditlog/api/dialect"
	"auditlog/audit"
	"auditlog/rpc"
)

// Guessing leaves a trace, and not one for each guess; and what clients of deploys.app are
// told with status 200 stands in the log and the metrics as what it was.
func TestGuessing(t *testing.T) {
	g := startGuarded(t)
	for range 500 {
		if status, _ := g.call("guess", rpc.List, `{"project":"acme"}`, dialect.Header, "cli"); status != http.StatusOK {
			t.Fatalf("a client of deploys.app gets status %d", status)
		}
	}
	g.call("", rpc.List, `{"project":"acme"}`) // brings no token: no guess
	if log := g.log.String(); strings.Count(log, `"status":401`) != 501 || strings.Contains(log, `"status":200`) {
		t.Errorf("the log does not have what was refused: %.2000s", log)
	}
	_, page := g.do(g.request(http.MethodGet, "/metrics", ""))
	if !strings.Contains(page, `auditlog_requests_total{method="auditLog.list",status="401"} 501`) {
		t.Error("the metrics do not have what was refused")
	}
	var told []*audit.Entry
	for _, e := range g.entries(audit.SystemProject) {
		if e.Outcome == audit.Forbidden {
			told = append(told, e)
		}
	}
	if len(told) == 0 || len(told) > 3 {
		t.Fatalf("500 guesses are told of in %d entries", len(told))
	}
	last := told[len(told)-1]
	if last.Action != "token.use" || last.Metadata["address"] != "192.0.2.1/32" || last.Metadata["firstAt"] == "" ||
		last.Metadata["count"] == "" || last.Actor.Email != "anonymous" {
		t.Errorf("the guesses are told of as %s", last.AppendJSON(nil))
	}
}
