package console

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
	"auditlog/console/clock"
)

var projectCell = regexp.MustCompile(`<td class="c-project"><span class="clip" title="([^"]*)">`)

// projectsIn returns the projects that the rows of a page are of.
func projectsIn(body string) (names []string) {
	for _, m := range projectCell.FindAllStringSubmatch(body, -1) {
		names = append(names, m[1])
	}
	return names
}

// The page of all projects shows what its visitor may read, and tells nothing of the rest; its
// parts and what it exports neither.
func TestAllProjects(t *testing.T) {
	later := testEntry("gamma", "ada@example.com", "domain.create", audit.Success)
	later.CreatedAt = later.CreatedAt.Add(time.Minute)
	site := newSite(t, Options{},
		testEntry("acme", "ada@example.com", "deployment.deploy", audit.Success),
		testEntry("shop", "eve@example.com", "role.grant", audit.Forbidden), later)
	admin := site.visitor(t).login(site.admin)
	some := site.visitor(t).login(site.token(t, auth.Token{Owner: "w@acme", Role: rights.Viewer, Projects: []string{"acme", "gamma"}}))
	if got := projectsIn(some.get("/logs").body); !slices.Equal(got, []string{"gamma", "acme"}) {
		t.Errorf("the viewer of two sees %q", got)
	}
	if got := projectsIn(some.get("/logs?order=oldest").body); !slices.Equal(got, []string{"acme", "gamma"}) {
		t.Errorf("the oldest first are of %q", got)
	}
	if got := projectsIn(admin.get("/logs?actor=eve@example.com&actor=ada@example.com").body); len(got) != 3 {
		t.Errorf("the admin of all sees %q", got)
	}
	for _, path := range []string{"/logs", "/logs?part=rows", "/logs?part=summary", "/logs?counts=wait", "/export?format=csv", "/entry?id=1"} {
		if a := some.get(path); a.status != http.StatusOK || strings.Contains(a.body, "shop") || strings.Contains(a.body, "eve@") {
			t.Errorf("%s: %d, tells of what the visitor may not read: %t", path, a.status, strings.Contains(a.body, "shop"))
		}
	}
	for _, path := range []string{"/entry?id=2", "/entry?id=99", "/logs?entry=2"} {
		if a := some.get(path); a.status != http.StatusNotFound || !strings.Contains(a.body, "in a project that you may read") {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	for _, want := range []string{"/auditLog.get -H &#34;Authorization: Bearer $AUDITLOG_TOKEN&#34; -d &#39;{&#34;project&#34;:&#34;acme&#34;,&#34;id&#34;:1}&#39;</pre>", " -p &#39;acme&#39; 1</pre>"} {
		if a := some.get("/logs?project=acme&entry=1"); !strings.Contains(a.body, want) {
			t.Errorf("the entry cannot be copied as %s", want)
		}
	}
	if a := some.get("/logs?project=acme&entry=1"); !strings.Contains(a.body, `href="/logs?actor=ada@example.com"`) {
		t.Error("no link leads to what the actor did anywhere")
	}
}

// What people paste into the box is found, or opens the entry that it names.
func TestPasted(t *testing.T) {
	site := newDevSite(t, Options{}, testEntry("acme", "ada@example.com", "deployment.deploy", audit.Success), testEntry("shop", "eve@example.com", "role.grant", audit.Forbidden))
	v := site.visitor(t)
	for typed, want := range map[string]string{
		"#1":                                    "/logs?project=acme&entry=1",
		" #1 ":                                  "/logs?project=acme&entry=1",
		"arn:aws:iam::123456789012:role/deploy": "/logs?project=acme&q=arn:aws:iam::123456789012:role/deploy",
		"0b7c2a7d-10b4-4c11-9a55-0123456789ab":  "/logs?project=acme&q=0b7c2a7d-10b4-4c11-9a55-0123456789ab",
		"ada@example.com":                       "/logs?project=acme&q=ada@example.com",
		"203.0.113.9":                           "/logs?project=acme&q=203.0.113.9",
		"dead:beef::1":                          "/logs?project=acme&q=dead:beef::1",
		"fe80:be::/32":                          "/logs?project=acme&q=fe80:be::/32",
		"order:oldest":                          "/logs?project=acme&order=oldest",
		"-actor:ci@acme actor:ada actor:bob":    "/logs?project=acme&actor=ada&actor=bob&not.actor=ci@acme",
		"name:web location:x ip:10.0.0.0/8 id:4711": "/logs?project=acme&resourceId=4711&resourceName=web&location=x&ip=10.0.0.0/8",
	} {
		a := v.get("/logs?project=acme&search=" + url.QueryEscape(typed))
		if got := a.header.Get("Location"); a.status != http.StatusSeeOther || got != want {
			t.Errorf("%q leads to %d %q, want %q", typed, a.status, got, want)
		}
	}
	for typed, want := range map[string]string{
		"#2":          "Entry 2 not found in project",
		"#99":         "Entry 99 not found in project",
		"order:first": "order: wants newest or oldest",
		"actr:x":      "Did you mean actor:?",
	} {
		if a := v.get("/logs?project=acme&search=" + url.QueryEscape(typed)); a.status != http.StatusBadRequest || !strings.Contains(a.body, want) {
			t.Errorf("%q: %d, want %q", typed, a.status, want)
		}
	}
	if a := v.get("/logs?search=%232"); a.header.Get("Location") != "/logs?project=&entry=2" {
		t.Errorf("of all projects #2 leads to %q", a.header.Get("Location"))
	}
}

// Times are in the zone of the browser or, once that is chosen, in UTC; an entry tells both.
func TestClock(t *testing.T) {
	site := newDevSite(t, Options{}, testEntry("acme", "ada@example.com", "deployment.deploy", audit.Success))
	v := site.visitor(t)
	home, err := url.Parse(site.URL)
	if err != nil {
		t.Fatal(err)
	}
	v.Jar.SetCookies(home, []*http.Cookie{{Name: clock.ZoneCookie, Value: "Asia/Tokyo"}})
	at := testNow.Add(-time.Hour)
	utc, tokyo := at.Format("15:04:05")+"</time>", at.In(zone(t, "Asia/Tokyo")).Format("15:04:05")+"</time>"
	list := func() string { return v.get("/logs?project=acme&part=rows").body }
	if body := list(); !strings.Contains(body, tokyo) || strings.Contains(body, utc) {
		t.Error("at first times are not those of the browser")
	}
	for _, choice := range []string{"utc", "local"} {
		if a := v.do(v.PostForm(site.URL+"/clock", url.Values{"clock": {choice}, "back": {"/logs?project=acme"}})); a.status != http.StatusSeeOther || a.header.Get("Location") != "/logs?project=acme" {
			t.Fatalf("choosing %s: %d", choice, a.status)
		}
		if body := list(); strings.Contains(body, utc) != (choice == "utc") {
			t.Errorf("having chosen %s, times are not so", choice)
		}
		panel := v.get("/entry?project=acme&id=1").body
		for _, want := range []string{at.In(zone(t, "Asia/Tokyo")).Format("15:04:05") + " JST", at.Format("15:04:05") + ".000000 UTC"} {
			if !strings.Contains(panel, want) {
				t.Errorf("having chosen %s, the entry does not tell %s", choice, want)
			}
		}
	}
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}
