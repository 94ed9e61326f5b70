package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
)

// setTime is a time that tests set.
type setTime struct{ now time.Time }

func (c *setTime) Now() time.Time { return c.now }

func TestLogin(t *testing.T) {
	site := newSite(t, Options{}, testEntry("acme", "ada@example.com", "deployment.deploy", audit.Success))
	v := site.visitor(t)
	if a := v.get("/logs?project=acme&outcome=success"); a.status != http.StatusSeeOther ||
		a.header.Get("Location") != "/login?next=/logs%3Fproject%3Dacme%26outcome%3Dsuccess" {
		t.Errorf("without a session: %d %s", a.status, a.header.Get("Location"))
	}
	if a := v.get("/logs?project=acme&part=rows"); a.status != http.StatusUnauthorized {
		t.Errorf("a part without a session: %d", a.status)
	}
	if a := v.do(v.PostForm(site.URL+"/login", url.Values{"token": {"al_wrong"}})); a.status != http.StatusUnauthorized || !strings.Contains(a.body, `role="alert"`) {
		t.Errorf("a wrong token: %d\n%s", a.status, a.body)
	}
	a := v.do(v.PostForm(site.URL+"/login", url.Values{"token": {site.admin}, "next": {"/logs?project=acme"}}))
	if a.status != http.StatusSeeOther || a.header.Get("Location") != "/logs?project=acme" {
		t.Fatalf("logging in: %d %s", a.status, a.header.Get("Location"))
	}
	cookie := a.header.Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="} {
		if !strings.Contains(cookie, want) {
			t.Errorf("the cookie is without %s: %s", want, cookie)
		}
	}
	if strings.Contains(cookie, "Secure") || strings.Contains(cookie, site.admin) {
		t.Errorf("the cookie is %s", cookie)
	}
	if a := v.get("/logs?project=acme"); a.status != http.StatusOK || !strings.Contains(a.body, "did deployment.deploy") {
		t.Errorf("with a session: %d", a.status)
	}
	if a := v.send("/logout", url.Values{}); a.status != http.StatusSeeOther {
		t.Errorf("logging out: %d", a.status)
	}
	if a := v.get("/logs?project=acme"); a.status != http.StatusSeeOther {
		t.Errorf("after logging out: %d", a.status)
	}
}

// What was copied from a terminal or a mail has more around it than the token.
func TestLoginWithSpacesAround(t *testing.T) {
	site := newSite(t, Options{})
	v := site.visitor(t)
	if a := v.do(v.PostForm(site.URL+"/login", url.Values{"token": {" \t" + site.admin + "\r\n "}})); a.status != http.StatusSeeOther {
		t.Errorf("%d\n%s", a.status, a.body)
	}
}

// A restart of the server logs nobody out, and brings back nobody who logged out.
func TestSessionSurvivesRestart(t *testing.T) {
	site := newSite(t, Options{}, testEntry("acme", "ada@example.com", "a.b", audit.Success))
	stays, leaves := site.visitor(t).login(site.admin), site.visitor(t).login(site.admin)
	form := csrfField.FindStringSubmatch(stays.get("/tokens").body)[1]
	u, _ := url.Parse(site.URL)
	cookies := leaves.Jar.Cookies(u)
	leaves.send("/logout", url.Values{})
	leaves.Jar.SetCookies(u, cookies)
	keeper, err := auth.Open(site.store, auth.Options{Now: func() time.Time { return testNow }})
	if err != nil {
		t.Fatal(err)
	}
	opts := site.console.opts
	opts.Auth = keeper
	again, err := newConsole(opts)
	if err != nil {
		t.Fatal(err)
	}
	site.Config.Handler = again.handler()
	if a := stays.get("/logs?project=acme"); a.status != http.StatusOK {
		t.Errorf("logged in before the restart: %d", a.status)
	}
	if got := csrfField.FindStringSubmatch(stays.get("/tokens").body)[1]; got != form {
		t.Error("a form that was open at the restart cannot be sent")
	}
	if a := leaves.get("/logs?project=acme"); a.status != http.StatusSeeOther {
		t.Errorf("logged out before the restart: %d", a.status)
	}
}

func TestLoginGoesNowhereElse(t *testing.T) {
	for in, want := range map[string]string{
		"/logs?project=a": "/logs?project=a", "": "/", "//evil.example": "/", "https://evil.example": "/",
		`/\evil.example`: "/", "javascript:alert(1)": "/", "/a\r\nb": "/",
	} {
		if got := localPath(in); got != want {
			t.Errorf("localPath(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCookieIsSecureOverTLS(t *testing.T) {
	site := newSite(t, Options{})
	v := site.visitor(t)
	r, _ := http.NewRequest(http.MethodPost, site.URL+"/login", strings.NewReader(url.Values{"token": {site.admin}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Forwarded-Proto", "https")
	cookie := v.do(v.Do(r)).header.Get("Set-Cookie")
	if !strings.HasPrefix(cookie, "__Host-") || !strings.Contains(cookie, "; Secure") || !strings.Contains(cookie, "; Path=/;") || strings.Contains(cookie, "Domain") {
		t.Errorf("the cookie is %s", cookie)
	}
}

func TestRecorderCannotLogIn(t *testing.T) {
	site := newSite(t, Options{})
	secret := site.token(t, auth.Token{Owner: "ci@acme", Role: rights.Recorder})
	v := site.visitor(t)
	if a := v.do(v.PostForm(site.URL+"/login", url.Values{"token": {secret}})); a.status != http.StatusForbidden || !strings.Contains(a.body, "may record entries and not read them") {
		t.Errorf("%d\n%s", a.status, a.body)
	}
}

func TestLoginAttemptsAreLimited(t *testing.T) {
	site := newSite(t, Options{})
	v := site.visitor(t)
	for range 100 {
		a := v.do(v.PostForm(site.URL+"/login", url.Values{"token": {"guess"}}))
		if a.status == http.StatusTooManyRequests {
			if a.header.Get("Retry-After") == "" || !strings.Contains(a.body, `role="alert"`) {
				t.Errorf("limited: %v\n%s", a.header, a.body)
			}
			v.login(site.admin) // who has a token is not held up
			return
		}
	}
	t.Error("a hundred guesses were answered")
}

func TestSessionEnds(t *testing.T) {
	ends := map[string]func(site *site, c *setTime, id string){
		"revoked": func(site *site, _ *setTime, id string) {
			if _, err := site.auth.Revoke(t.Context(), &rights.Call{Principal: rights.Dev()}, id); err != nil {
				t.Fatal(err)
			}
		},
		"token expired": func(_ *site, c *setTime, _ string) { c.now = c.now.Add(3 * time.Hour) },
		"idle":          func(_ *site, c *setTime, _ string) { c.now = c.now.Add(12 * time.Hour) },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			c := &setTime{testNow}
			site := newSite(t, Options{Now: c.Now}, testEntry("acme", "ada@example.com", "a.b", audit.Success))
			token := auth.Token{Owner: "ada@example.com", Role: rights.Viewer}
			if name == "token expired" {
				token.ExpiresAt = testNow.Add(2 * time.Hour)
			}
			secret := site.token(t, token)
			v := site.visitor(t).login(secret)
			if a := v.get("/logs?project=acme"); a.status != http.StatusOK {
				t.Fatalf("with a session: %d", a.status)
			}
			p, err := site.auth.Verify(t.Context(), secret)
			if err != nil {
				t.Fatal(err)
			}
			end(site, c, p.TokenID)
			if a := v.get("/logs?project=acme"); a.status != http.StatusSeeOther {
				t.Errorf("afterwards: %d", a.status)
			}
			if a := v.get("/login"); !strings.Contains(a.body, "Your session has ended") {
				t.Error("the log-in page does not say why")
			}
		})
	}
}

func TestForms(t *testing.T) {
	site := newSite(t, Options{}, testEntry("acme", "ada@example.com", "a.b", audit.Success))
	v := site.visitor(t).login(site.admin)
	form := url.Values{"project": {"acme"}, "again": {"acme"}}
	if a := v.do(v.PostForm(site.URL+"/projects/delete", form)); a.status != http.StatusForbidden {
		t.Errorf("a form without a session's token: %d", a.status)
	}
	form.Set("csrf", "x")
	if a := v.do(v.PostForm(site.URL+"/projects/delete", form)); a.status != http.StatusForbidden {
		t.Errorf("a form with another's token: %d", a.status)
	}
	form.Set("csrf", csrfField.FindStringSubmatch(v.get("/projects").body)[1])
	r, _ := http.NewRequest(http.MethodPost, site.URL+"/projects/delete", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if a := v.do(v.Do(r)); a.status != http.StatusForbidden {
		t.Errorf("a form of another site: %d", a.status)
	}
	if p, err := site.store.Project("acme"); err != nil || p.State != "active" {
		t.Errorf("the project is %v, %v", p.State, err)
	}
	if a := v.do(v.PostForm(site.URL+"/projects/delete", form)); a.status != http.StatusSeeOther {
		t.Errorf("the form itself: %d\n%s", a.status, a.body)
	}
}

// TestOtherSites: a page of another site may lead to a page here, and to nothing that leaves a trace
// or stays open.
func TestOtherSites(t *testing.T) {
	site := newSite(t, Options{}, testEntry("acme", "ada@example.com", "a.b", audit.Success))
	v := site.visitor(t).login(site.admin)
	for _, tt := range []struct {
		path, from string
		status     int
	}{
		{"/logs?project=acme", "cross-site", http.StatusOK},
		{"/export?project=acme", "cross-site", http.StatusForbidden},
		{"/export?project=acme", "same-site", http.StatusForbidden},
		{"/live?project=acme", "same-site", http.StatusForbidden},
		{"/suggest?project=acme", "cross-site", http.StatusForbidden},
		{"/suggest?project=acme", "same-origin", http.StatusOK},
		{"/export?project=acme", "same-origin", http.StatusOK},
		{"/export?project=acme", "none", http.StatusOK},
		{"/export?project=acme", "", http.StatusOK},
	} {
		r, _ := http.NewRequest(http.MethodGet, site.URL+tt.path, nil)
		if tt.from != "" {
			r.Header.Set("Sec-Fetch-Site", tt.from)
		}
		if a := v.do(v.Do(r)); a.status != tt.status {
			t.Errorf("%s from %q: %d", tt.path, tt.from, a.status)
		}
	}
}
