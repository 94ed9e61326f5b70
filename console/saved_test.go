package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
)

// A view is saved by a name, found by it again as it was, its range as a range, and forgotten;
// only an admin saves it for all who read the project.
func TestSavedSearches(t *testing.T) {
	site := newSite(t, Options{}, testEntry("acme", "ada@example.com", "deployment.deploy", audit.Success))
	admin := site.visitor(t).login(site.admin)
	viewer := site.visitor(t).login(site.token(t, auth.Token{Owner: "w@acme", Role: rights.Viewer, Projects: []string{"acme"}}))
	other := site.visitor(t).login(site.token(t, auth.Token{Owner: "b@beta", Role: rights.Viewer, Projects: []string{"beta"}}))
	send := func(b *browser, path string, form url.Values) answer {
		m := csrfField.FindStringSubmatch(b.get("/logs").body)
		if m == nil {
			t.Fatal("the page has no form")
		}
		form.Set("csrf", m[1])
		return b.do(b.PostForm(site.URL+path, form))
	}
	for query, name := range map[string]string{
		"project=acme&range=7d&outcome=forbidden,error&not.actor=ci@acme": "Blocked of late",
		"project=acme&range=yesterday&order=oldest":                       "Yesterday",
		"project=acme&from=2026-05-01T08:00Z&to=2026-05-02T08:00Z&q=web":  "The first of May",
		"project=acme&range=1y&actor=ada@example.com":                     "A year of Ada",
	} {
		form, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		form.Set("name", name)
		if a := send(viewer, "/searches/save", form); a.status != http.StatusSeeOther || a.header.Get("Location") != "/logs?"+query {
			t.Fatalf("saving %s: %d %s", name, a.status, a.header.Get("Location"))
		}
		if a := viewer.get("/logs?project=acme&search=" + url.QueryEscape(`saved:"`+strings.ToUpper(name)+`"`)); a.header.Get("Location") != "/logs?"+query {
			t.Errorf("%s is found as %q, want %q", name, a.header.Get("Location"), query)
		}
	}
	if a := viewer.get("/logs?project=acme&search=saved:nothing"); a.status != http.StatusBadRequest || !strings.Contains(a.body, "There is no saved search nothing.") {
		t.Errorf("a search that is not there: %d", a.status)
	}
	shared := url.Values{"project": {"acme"}, "name": {"Ours"}, "share": {"1"}, "actor": {"ada@example.com"}}
	if a := send(viewer, "/searches/save", shared); a.status != http.StatusForbidden {
		t.Errorf("a viewer saves for the project: %d", a.status)
	}
	if a := send(admin, "/searches/save", shared); a.status != http.StatusSeeOther {
		t.Errorf("an admin saves for the project: %d\n%s", a.status, a.body)
	}
	if body := viewer.get("/logs?project=acme").body; !strings.Contains(body, `>Ours</span>`) || strings.Contains(body, "Delete the saved search Ours") ||
		!strings.Contains(body, "Delete the saved search Yesterday") || strings.Contains(body, "for all who read acme") {
		t.Error("the viewer's page does not have what is theirs, or more")
	}
	if body := other.get("/logs?project=beta").body; strings.Contains(body, "Ours") || strings.Contains(body, "Blocked of late") {
		t.Error("somebody else's page has what is not theirs")
	}
	if a := send(viewer, "/searches/delete", url.Values{"name": {"Yesterday"}, "back": {"/logs?project=acme"}}); a.status != http.StatusSeeOther ||
		strings.Contains(viewer.get("/logs?project=acme").body, "Yesterday</span>") {
		t.Errorf("deleting: %d", a.status)
	}
}

// The box offers what there is, of what the visitor may read alone.
func TestCompletions(t *testing.T) {
	site := newSite(t, Options{},
		testEntry("acme", "ada@example.com", "deployment.deploy", audit.Success), testEntry("acme", "Ada Lovelace", "domain.create", audit.Success),
		testEntry("shop", "adam@example.com", "role.grant", audit.Success))
	viewer := site.visitor(t).login(site.token(t, auth.Token{Owner: "w@acme", Role: rights.Viewer, Projects: []string{"acme"}}))
	for typed, want := range map[string][]string{
		"actor:ad":               {"actor:ada@example.com", `actor:&#34;Ada Lovelace&#34;`},
		"web -actor:ada@":        {"web -actor:ada@example.com"},
		"action:d":               {"action:deployment.deploy", "action:domain.create"},
		"type:d":                 {"type:deployment", "type:domain"},
		"outcome:f":              {"outcome:forbidden"},
		"name:w":                 {"name:web"},
		"id:471":                 {"id:4711"},
		"act":                    {"actor:", "action:", "actortype:"},
		"is:":                    {"is:user", "is:service"},
		"nosuch:x":               nil,
		"":                       nil,
		"actor:ada@example.com ": nil,
	} {
		a := viewer.get("/suggest?project=&search=" + url.QueryEscape(typed))
		if a.status != http.StatusOK || strings.Contains(a.body, "adam") {
			t.Errorf("%q: %d %s", typed, a.status, a.body)
		}
		if n := strings.Count(a.body, "<option"); n != len(want) {
			t.Errorf("%q is offered %d completions, want %d: %s", typed, n, len(want), a.body)
		}
		for _, w := range want {
			if !strings.Contains(a.body, `value="`+w+`"`) {
				t.Errorf("%q is not offered %s: %s", typed, w, a.body)
			}
		}
	}
	if a := viewer.get("/suggest?project=shop&search=actor:"); a.status != http.StatusForbidden {
		t.Errorf("of a project that is not theirs: %d", a.status)
	}
}
