package console

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
	"auditlog/basepath"
)

// strays are the paths that were asked for outside of where the log is.
type strays struct {
	mu    sync.Mutex
	paths []string
}

// behindProxy puts a site below /audit of a host whose other paths are another program's.
func behindProxy(t *testing.T, site *site) *strays {
	t.Helper()
	log := httptest.NewServer(basepath.Handler(site.console.opts.Base, site.console.handler()))
	t.Cleanup(log.Close)
	to, err := url.Parse(log.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host
		r.Out.Header["X-Forwarded-Proto"] = r.In.Header["X-Forwarded-Proto"]
	}}
	s := &strays{}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/audit/") {
			proxy.ServeHTTP(w, r)
			return
		}
		s.mu.Lock()
		s.paths = append(s.paths, r.URL.Path)
		s.mu.Unlock()
		if r.URL.Path != "/favicon.ico" {
			t.Errorf("%s is asked for, which is another program's", r.URL.Path)
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(front.Close)
	site.URL = front.URL + "/audit"
	return s
}

var addressed = regexp.MustCompile(` (href|src|action|data-[a-z]+)="(/[^"]*)"`)

// Every link of every page leads to where the log is.
func TestLinksUnderBasePath(t *testing.T) {
	e := testEntry("acme", "ada@example.com", "a.b", audit.Success)
	e.Detail = `he wrote href="/logs" and ' href="/logs"`
	site := newSite(t, Options{Base: "/audit"}, e)
	behindProxy(t, site)
	v := site.visitor(t)
	if to := v.get("/logs?project=acme").header.Get("Location"); to != "/audit/login?next=/logs%3Fproject%3Dacme" {
		t.Errorf("who is not logged in is sent to %s", to)
	}
	a := v.do(v.PostForm(site.URL+"/login", url.Values{"token": {site.admin}, "next": {"/logs?project=acme"}}))
	if cookie := a.header.Get("Set-Cookie"); a.header.Get("Location") != "/audit/logs?project=acme" || !strings.Contains(cookie, "; Path=/audit/;") {
		t.Errorf("logged in: %d to %s, the cookie is %s", a.status, a.header.Get("Location"), cookie)
	}
	for _, page := range []string{"/?all", "/logs?project=acme", "/logs?project=", "/logs?project=acme&entry=1", "/entry?project=acme&id=1", "/projects", "/tokens",
		"/sinks", "/status", "/nowhere"} {
		a := v.get(page)
		if a.status != http.StatusOK && page != "/nowhere" {
			t.Errorf("%s: %d\n%.300s", page, a.status, a.body)
		}
		links := addressed.FindAllStringSubmatch(a.body, -1)
		if len(links) < 5 {
			t.Errorf("%s has %d links", page, len(links))
		}
		for _, link := range links {
			if link[1] != "data-base" && !strings.HasPrefix(link[2], "/audit/") || strings.HasPrefix(link[2], "/audit/audit/") {
				t.Errorf("%s has%s", page, link[0])
			}
		}
		if strings.Contains(page, "id=1") && !strings.Contains(a.body, `he wrote href=&#34;/logs&#34; and &#39; href=&#34;/logs&#34;`) {
			t.Error("what somebody recorded is not as it was written")
		}
		if strings.Contains(page, "entry=1") && !strings.Contains(a.body, "curl http://"+strings.TrimPrefix(site.URL, "http://")+"/auditLog.get") {
			t.Errorf("the command of %s leads elsewhere", page)
		}
	}
}

// Over TLS the cookie of a log below a path is for TLS alone, too, and goes to no other program.
func TestCookieUnderBasePath(t *testing.T) {
	site := newSite(t, Options{Base: "/audit"})
	behindProxy(t, site)
	v := site.visitor(t)
	r, _ := http.NewRequest(http.MethodPost, site.URL+"/login", strings.NewReader(url.Values{"token": {site.admin}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Forwarded-Proto", "https")
	cookie := v.do(v.Do(r)).header.Get("Set-Cookie")
	if !strings.HasPrefix(cookie, "__Secure-") || !strings.Contains(cookie, "; Secure") || !strings.Contains(cookie, "; Path=/audit/;") {
		t.Errorf("the cookie is %s", cookie)
	}
}

// Redirects go through lead, which knows where the log is.
func TestNobodyElseRedirects(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 20 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range regexp.MustCompile(`http\.Redirect\(.*`).FindAllString(string(text), -1) {
			if !strings.HasSuffix(name, "_test.go") && name != "base.go" && call != "http.Redirect(v.w, v.r, address, http.StatusSeeOther)" { // a provider's
				t.Errorf("%s: %s", name, call)
			}
		}
	}
}

// The page works in a browser behind a proxy that gives a host to several programs.
func TestBrowserUnderBasePath(t *testing.T) {
	t.Parallel()
	site := newSite(t, Options{Base: "/audit"},
		testEntry("acme", "ada@example.com", "a.b", audit.Success), testEntry("acme", "mallory@example.com", "role.grant", audit.Forbidden))
	behindProxy(t, site)
	secret := site.token(t, auth.Token{Owner: "v@acme", Role: rights.Viewer})
	who, err := site.auth.Verify(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	p := site.tab(t)
	p.expect("status of 401")
	p.expect("favicon")
	p.zone("Europe/Berlin")
	p.open("/logs?project=acme")
	if got := p.path(); !strings.HasPrefix(got, "/audit/login") {
		t.Fatalf("who is not logged in is at %s", got)
	}
	p.fill("#token", secret)
	p.follow("main button.primary")
	if got := p.path(); got != "/audit/logs?project=acme" {
		t.Fatalf("logged in at %s", got)
	}
	p.until("document.body.dataset.zone === 'Europe/Berlin'") // by a cookie of the script's

	p.click("#rows tr .c-action")
	p.until("document.querySelector('#panel')?.textContent.includes('mallory@example.com')")
	at := p.path()
	p.open(strings.TrimPrefix(at, "/audit")) // as who gets the link
	if !strings.Contains(p.text("#panel"), "mallory@example.com") || !strings.HasPrefix(at, "/audit/logs") {
		t.Errorf("the entry is not open at %s", at)
	}
	p.follow(p.link(".facets", "forbidden"))
	if n := p.count("#rows tr"); n != 1 {
		t.Errorf("%d rows are blocked", n)
	}
	p.click(".theme button")
	p.until("document.documentElement.classList.contains('dark') || document.documentElement.classList.contains('light')")
	theme := eval[string](p, "document.documentElement.className")
	p.open("/logs?project=acme")
	if got := eval[string](p, "document.documentElement.className"); got != theme {
		t.Errorf("the theme is %q on the next page, it was %q", got, theme)
	}
	p.click("#search")
	p.press("actor:mal")
	p.until(`[...document.querySelectorAll('#completions option')].some((o) => o.value === 'actor:mallory@example.com')`)

	p.goLive()
	site.record(t, testEntry("acme", "late@example.com", "c.d", audit.Success))
	p.until("document.querySelector('#rows').textContent.includes('late@example.com')")
	if to := eval[string](p, "document.querySelector('#rows a').getAttribute('href')"); !strings.HasPrefix(to, "/audit/logs") {
		t.Errorf("a live row leads to %s", to)
	}
	if _, err := site.auth.Revoke(t.Context(), &rights.Call{Principal: rights.Dev()}, who.TokenID); err != nil {
		t.Fatal(err)
	}
	p.until("document.querySelector('#live-note').textContent.includes('no longer logged in')")
	p.click("#rows tr .c-action")
	p.until("location.pathname === '/audit/login'")
	if next := p.param("next"); !strings.HasPrefix(next, "/logs?") {
		t.Errorf("log-in leads back to %s", next)
	}
	p.login(site.admin)
	for _, page := range []string{"/projects", "/tokens", "/sinks", "/status", "/?all"} {
		p.open(page)
		if p.count("main") != 1 || strings.Contains(p.text("main"), "Nothing here") {
			t.Errorf("%s: %s", page, p.text("main"))
		}
	}
	p.click(".who-menu summary")
	p.follow(".who-menu button")
	if got := p.path(); got != "/audit/login" {
		t.Errorf("logged out at %s", got)
	}
	if cookies := eval[string](p, "document.cookie"); strings.Contains(cookies, "session") {
		t.Error(fmt.Sprint("scripts can read ", cookies))
	}
}

// The menu of projects, the columns and what is remembered of both stay below the path.
func TestBrowserPickerAndColumnsUnderBasePath(t *testing.T) {
	t.Parallel()
	var entries []*audit.Entry
	for i := range 300 {
		entries = append(entries, testEntry(fmt.Sprintf("tenant-%03d", i), "ada@example.com", "a.b", audit.Success))
	}
	site := newDevSite(t, Options{Base: "/audit"}, entries...)
	behindProxy(t, site)
	p := site.tab(t)
	p.expect("favicon")
	p.open("/tokens")
	p.press("p")
	p.until("document.activeElement.name === 'find'")
	eval[bool](p, "document.activeElement.value = '', true") // the driver types the key as well
	p.press("nt-29")
	p.until("document.querySelectorAll('#project-links a').length === 10")
	p.press(kb.ArrowDown) // to all projects
	p.press(kb.ArrowDown)
	p.press(kb.Enter)
	p.until("location.pathname === '/audit/logs'")
	p.settled()
	project := p.param("project")
	if !strings.HasPrefix(project, "tenant-29") {
		t.Fatalf("Enter leads to %s", p.path())
	}
	action := p.widthOf("action")
	p.drag(".c-action .grip", 40)
	p.click(".columns-menu summary")
	p.click(".columns-menu [value=channel]")
	p.click(".columns-menu [value=ip]")
	p.follow(".columns-menu .primary")
	if !strings.HasPrefix(p.path(), "/audit/logs") {
		t.Fatalf("the columns are chosen at %s", p.path())
	}
	p.open("/logs?project=" + project + "&outcome=success")
	if p.count("th.c-channel") != 0 || p.count("td.c-ip") != 1 {
		t.Error("the columns are not those that were chosen")
	}
	if wide := p.widthOf("action"); wide < action+30 {
		t.Errorf("a column is %.0f pixels wide, was %.0f, and was dragged by 40", wide, action)
	}
	p.open("/status")
	if got := p.text(".projects-menu summary .clip"); got != project {
		t.Errorf("the page Status remembers %q, want %q", got, project)
	}
	for name, path := range p.cookiePaths() {
		if !strings.HasPrefix(path, "/audit") {
			t.Errorf("the cookie %s goes to %s", name, path)
		}
	}
}

// cookiePaths returns below which paths the page's cookies are sent, by name.
func (p *tab) cookiePaths() map[string]string {
	p.t.Helper()
	paths := make(map[string]string)
	p.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		got, err := cdp.Call(ctx, target, network.GetCookies, network.GetCookiesParams{})
		if err != nil {
			return err
		}
		for _, c := range got.Cookies {
			paths[c.Name] = c.Path
		}
		return nil
	}))
	return paths
}
