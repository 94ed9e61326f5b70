package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"auditlog/audit"
	"auditlog/console/columns"
)

func TestColumns(t *testing.T) {
	e := testEntry("acme", "ada@example.com", "deployment.deploy", audit.Success)
	e.Request = audit.Request{IP: "203.0.113.9", ID: "0b7c"}
	site := newDevSite(t, Options{}, e)
	v := site.visitor(t)
	heads := func() string {
		page := v.get("/logs?project=acme").body
		rows := v.get("/logs?project=acme&part=rows").body
		var names []string
		for _, c := range columns.All() {
			head, cell := strings.Contains(page, `<th scope="col" class="c-`+c.Name+`"`), strings.Contains(rows, `<td class="c-`+c.Name)
			if head != cell {
				t.Errorf("%s has a head %v and a cell %v", c.Name, head, cell)
			}
			if head {
				names = append(names, c.Name)
			}
		}
		return strings.Join(names, " ")
	}
	const usual = "outcome actor action resource detail channel"
	if got := heads(); got != usual {
		t.Errorf("usually there are %s", got)
	}
	for want, names := range map[string][]string{
		"actor action ip request": {"ip", "action", "request", "actor", "nothing", `"><b>`},
		usual:                     {},
		"detail":                  {"detail"},
	} {
		a := v.send("/columns", url.Values{"column": names, "back": {"/logs?project=acme"}})
		if a.status != http.StatusSeeOther || a.header.Get("Location") != "/logs?project=acme" {
			t.Errorf("choosing %q: %d to %s", names, a.status, a.header.Get("Location"))
		}
		if got := heads(); got != want {
			t.Errorf("of %q there are %s, want %s", names, got, want)
		}
	}
	r, _ := http.NewRequest(http.MethodGet, site.URL+"/logs?project=acme", nil)
	r.Header.Set("Cookie", columns.Cookie+"=x.y")
	if a := site.visitor(t).do(http.DefaultClient.Do(r)); !strings.Contains(a.body, "c-detail") {
		t.Error("a cookie that names no column leaves none")
	}
}
