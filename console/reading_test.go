package console

import (
	"strings"
	"testing"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
)

// Whoever takes entries away at the page leaves the same traces as at the API.
func TestExportIsRecorded(t *testing.T) {
	site := newSite(t, Options{}, testEntry("acme", "ada@example.com", "deployment.deploy", audit.Success))
	v := site.visitor(t).login(site.token(t, auth.Token{Owner: "w@acme", Role: rights.Viewer, Projects: []string{"acme"}}))
	before := site.store.LastID()
	if a := v.get("/export?project=acme&format=csv&actor=ada%40example.com"); a.status != 200 || strings.Count(a.body, "\r\n") != 2 {
		t.Fatalf("exported %d %s", a.status, a.body)
	}
	if a := v.get("/export?project=acme&format=xlsx"); a.status != 400 {
		t.Fatalf("%d: what is no export is one", a.status)
	}
	entries, err := site.store.Since(t.Context(), "acme", before, 10)
	if err != nil || len(entries) != 2 {
		t.Fatalf("%d entries tell of an export: %v", len(entries), err)
	}
	for i, step := range []string{"begin", "end"} {
		e := entries[i]
		if e.Action != "auditLog.export" || e.Actor.Email != "w@acme" || e.Channel != audit.ChannelConsole || e.Metadata["step"] != step ||
			e.Metadata["session"] == "" || !strings.Contains(e.Metadata["filters"], "ada@example.com") {
			t.Errorf("an export is told of as %s", e.AppendJSON(nil))
		}
	}
	if m := entries[1].Metadata; m["entries"] != "1" || m["whole"] != "true" {
		t.Errorf("it ended as %v", m)
	}
}
