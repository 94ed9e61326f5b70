package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
)

// provider is an identity provider at which whoever comes is as a test has it.
type provider struct {
	who       auth.Vouched
	err       error
	forgotten []string
}

func (p *provider) Begin(context.Context) (address, state, kept string, err error) {
	return "https://id.example.com/auth?state=s1", "s1", "kept-of-s1", p.err
}

func (p *provider) Finish(_ context.Context, kept string, answer url.Values) (auth.Vouched, error) {
	if kept != "kept-of-"+answer.Get("state") {
		return auth.Vouched{}, audit.Errorf(audit.Unauthenticated, "this log-in was not begun in this browser, or too long ago: begin again")
	}
	return p.who, p.err
}

func (p *provider) LoggedOut(_ context.Context, token string) (auth.Person, error) {
	if token != "good" {
		return auth.Person{}, audit.Errorf(audit.Invalid, "the logout token is not to be believed")
	}
	return p.who.Person, nil
}

func (p *provider) Forget(_ context.Context, kept []byte) {
	p.forgotten = append(p.forgotten, string(kept))
}

func (p *provider) LogoutURL(_ context.Context, _ []byte, back string) string {
	return "https://id.example.com/bye?back=" + url.QueryEscape(back)
}

func (p *provider) Renew(context.Context, auth.Person, []byte) (auth.Vouched, error) {
	return p.who, p.err
}

// personSite is a console where people log in at a provider.
func personSite(t *testing.T) (*site, *provider) {
	p := &provider{who: auth.Vouched{Kept: []byte("refresh"), Renewable: true, Person: auth.Person{
		Issuer: "https://id.example.com", Subject: "u-1", Email: "ada@example.com",
		Grants: []rights.Grant{{Role: rights.Viewer, Projects: []string{"acme"}}},
	}}}
	site := newSite(t, Options{Provider: p, ProviderName: "Acme ID"},
		testEntry("acme", "ada@example.com", "deployment.deploy", audit.Success), testEntry("shop", "bob@example.com", "a.b", audit.Success))
	return site, p
}

func TestPersonLogsIn(t *testing.T) {
	site, p := personSite(t)
	v := site.visitor(t)
	page := v.get("/login?next=/logs%3Fproject%3Dacme").body
	if !strings.Contains(page, `href="/login/provider?next=%2flogs%3fproject%3dacme">Log in with Acme ID</a>`) {
		t.Errorf("the page leads nowhere:\n%s", page)
	}
	a := v.get("/login/provider?next=/logs%3Fproject%3Dacme")
	if a.status != http.StatusSeeOther || a.header.Get("Location") != "https://id.example.com/auth?state=s1" {
		t.Fatalf("%d %s", a.status, a.header.Get("Location"))
	}
	if cookie := a.header.Get("Set-Cookie"); !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") || !strings.Contains(cookie, "Max-Age=600") {
		t.Errorf("the attempt is kept in %s", cookie)
	}
	if a := site.visitor(t).get("/login/callback?state=s1&code=c"); a.status != http.StatusUnauthorized || !strings.Contains(a.body, "not begun in this browser") {
		t.Errorf("another browser finishes it: %d\n%s", a.status, a.body)
	}
	a = v.get("/login/callback?state=s1&code=c")
	if a.status != http.StatusOK || a.header.Get("Refresh") != "0; url=/logs?project=acme" || !strings.Contains(a.body, `href="/logs?project=acme"`) {
		t.Fatalf("%d %v\n%s", a.status, a.header, a.body)
	}
	cookies := strings.Join(a.header.Values("Set-Cookie"), "\n")
	if !strings.Contains(cookies, "SameSite=Strict") || !strings.Contains(cookies, "Max-Age=0") || strings.Contains(cookies, "refresh") {
		t.Errorf("the cookies are\n%s", cookies)
	}
	if a := v.get("/login/callback?state=s1&code=c"); a.status != http.StatusUnauthorized {
		t.Errorf("an answer counts twice: %d", a.status)
	}
	logs := v.get("/logs?project=acme")
	if logs.status != http.StatusOK || !strings.Contains(logs.body, "did deployment.deploy") || !strings.Contains(logs.body, `<span class="who clip">ada@example.com</span>`) {
		t.Errorf("%d\n%s", logs.status, logs.body)
	}
	if a := v.get("/logs?project=shop"); a.status != http.StatusForbidden {
		t.Errorf("another group's project: %d", a.status)
	}

	out := v.send("/logout", url.Values{})
	if out.status != http.StatusOK || !strings.Contains(out.body, "You are logged out here.") ||
		!strings.Contains(out.body, "https://id.example.com/bye?back="+url.QueryEscape(site.URL+"/login")) || strings.Contains(out.body, "who-menu") {
		t.Errorf("logging out: %d\n%s", out.status, out.body)
	}
	if len(p.forgotten) != 1 || p.forgotten[0] != "refresh" {
		t.Errorf("the provider was told to forget %q", p.forgotten)
	}
	if a := v.get("/logs?project=acme"); a.status != http.StatusSeeOther {
		t.Errorf("after logging out: %d", a.status)
	}
}

func TestPersonIsNotLetIn(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*provider)
		status int
		says   string
	}{
		"in no group": {func(p *provider) { p.err = audit.Errorf(audit.PermissionDenied, "ada is in no group") }, 403, "Ada is in no group."},
		"provider away": {func(p *provider) {
			p.err = audit.Errorf(audit.Unavailable, "the identity provider cannot be asked now")
		}, 503, "cannot be asked now"},
		"only a recorder": {func(p *provider) { p.who.Grants = []rights.Grant{{Role: rights.Recorder}} }, 403, "not read them"},
	} {
		t.Run(name, func(t *testing.T) {
			site, p := personSite(t)
			v := site.visitor(t)
			v.get("/login/provider")
			tt.change(p)
			a := v.get("/login/callback?state=s1&code=c")
			if a.status != tt.status || !strings.Contains(a.body, tt.says) || !strings.Contains(a.body, `role="alert"`) {
				t.Errorf("%d\n%s", a.status, a.body)
			}
			if a := v.get("/logs?project=acme"); a.status != http.StatusSeeOther {
				t.Errorf("a session began even so: %d", a.status)
			}
		})
	}
}

func TestProviderEndsSessions(t *testing.T) {
	site, _ := personSite(t)
	v := site.visitor(t)
	v.get("/login/provider")
	v.get("/login/callback?state=s1&code=c")
	op := site.visitor(t)
	if a := op.do(op.PostForm(site.URL+"/login/backchannel", url.Values{"logout_token": {"bad"}})); a.status != http.StatusBadRequest {
		t.Errorf("a logout token that is not believed: %d", a.status)
	}
	if a := v.get("/logs?project=acme"); a.status != http.StatusOK {
		t.Fatalf("and ends the session: %d", a.status)
	}
	if a := op.do(op.PostForm(site.URL+"/login/backchannel", url.Values{"logout_token": {"good"}})); a.status != http.StatusOK {
		t.Errorf("a logout token: %d", a.status)
	}
	if a := v.get("/logs?project=acme"); a.status != http.StatusSeeOther {
		t.Errorf("the session goes on: %d", a.status)
	}
}

// However many people log out at once, the provider is heard: what is limited is what is not its word.
func TestProviderEndsManySessions(t *testing.T) {
	site, _ := personSite(t)
	op := site.visitor(t)
	notice := func(token string) int {
		return op.do(op.PostForm(site.URL+"/login/backchannel", url.Values{"logout_token": {token}})).status
	}
	for i := range 100 {
		if status := notice("good"); status != http.StatusOK {
			t.Fatalf("log-out %d: %d", i, status)
		}
	}
	limited := false
	for range 100 {
		limited = limited || notice("bad") == http.StatusTooManyRequests
	}
	if !limited {
		t.Error("nothing limits what is not to be believed")
	}
}

// A log without a provider has none of its pages, and offers none.
func TestNoProvider(t *testing.T) {
	site := newSite(t, Options{})
	v := site.visitor(t)
	for _, path := range []string{"/login/provider", "/login/callback?state=x"} {
		if a := v.get(path); a.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	if strings.Contains(v.get("/login").body, "Log in with") {
		t.Error("the page offers what is not there")
	}
}
