package console

import (
	"strings"
	"testing"

	"auditlog/audit"
)

// The panel of an entry shows every text that an entry may have.
func TestEveryFieldIsShown(t *testing.T) {
	e := testEntry("acme", "ada@example.com", "web.deploy", audit.Success)
	want := make(map[string]string)
	for _, f := range audit.Fields() {
		if f.Given || f.Values != nil || f.Name == "project" {
			continue
		}
		want[f.Name] = "some-" + f.Name
		*f.Of(e) = want[f.Name]
	}
	body := newDevSite(t, Options{}, e).visitor(t).get("/entry?project=acme&id=1&part=panel").body
	for name, value := range want {
		if !strings.Contains(body, ">"+value+"<") {
			t.Errorf("%s is not shown", name)
		}
	}
	if t.Failed() {
		t.Log(body)
	}
}
