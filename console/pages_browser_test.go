package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
	"auditlog/console/clock"
	"auditlog/demo"
	"auditlog/spell"
)

func TestBrowserLogin(t *testing.T) {
	t.Parallel()
	site := newSite(t, Options{}, testEntry("acme", "ada@example.com", "a.b", audit.Success))
	p := site.tab(t)
	p.expect("status of 401")
	p.open("/logs?project=acme&outcome=success")
	if got := p.path(); !strings.HasPrefix(got, "/login?next=") {
		t.Fatalf("at %s", got)
	}
	p.fill("#token", "al_wrong")
	p.follow("main button.primary")
	if got := p.text("[role=alert]"); got == "" {
		t.Error("the page does not say what is wrong")
	}
	p.fill("#token", site.admin)
	p.follow("main button.primary")
	if got := p.path(); got != "/logs?project=acme&outcome=success" {
		t.Errorf("at %s", got)
	}
	if got := eval[string](p, "document.cookie"); strings.Contains(got, "session") {
		t.Errorf("scripts can read the session: %s", got)
	}
	// The session ends while the page is open: its script says so by going to log in.
	p.click(".who-menu summary")
	p.follow(".who-menu button")
	if got := p.path(); got != "/login" {
		t.Errorf("logged out at %s", got)
	}
	p.open("/logs?project=acme")
	if got := p.path(); !strings.HasPrefix(got, "/login") {
		t.Errorf("after logging out at %s", got)
	}
}

func TestBrowserSessionEndsMeanwhile(t *testing.T) {
	t.Parallel()
	site := newSite(t, Options{}, testEntry("acme", "ada@example.com", "a.b", audit.Success))
	secret := site.token(t, auth.Token{Owner: "v@acme", Role: rights.Viewer})
	who, err := site.auth.Verify(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	p := site.tab(t)
	p.expect("status of 401")
	p.login(secret)
	p.goLive()
	if _, err := site.auth.Revoke(t.Context(), &rights.Call{Principal: rights.Dev()}, who.TokenID); err != nil {
		t.Fatal(err)
	}
	p.until("document.querySelector('#live-note').textContent.includes('no longer logged in')")
	p.click("#rows tr .c-action")
	p.until("location.pathname === '/login'")
	if got := p.param("next"); got != "/logs?project=acme&entry=1" {
		t.Errorf("log-in leads back to %s", got)
	}
}

func TestBrowserTokens(t *testing.T) {
	t.Parallel()
	site := newSite(t, Options{})
	p := site.tab(t)
	p.expect("status of 400")
	p.login(site.admin)
	p.open("/tokens")
	p.fill("#owner", "ci@acme.example")
	p.fill("#name", "pipeline")
	p.fill("#scope", "acme")
	p.fill("#role", "viewer")
	p.fill("#expires", "2020-01-01T00:00")
	p.follow(".grid-form button")
	if got := p.text(".form-fault"); got != "ExpiresAt: must be in the future." {
		t.Errorf("the page says %q", got)
	}
	p.fill("#expires", "")
	p.follow(".grid-form button")
	secret := p.text("#secret")
	who, err := site.auth.Verify(t.Context(), secret)
	if err != nil || who.Owner != "ci@acme.example" || len(who.Grants) != 1 || who.Grants[0].Role != rights.Viewer {
		t.Fatalf("%q is of %+v, %v", secret, who, err)
	}
	p.open("/tokens")
	if p.count("#secret") != 0 {
		t.Error("the secret is shown again")
	}
	p.follow("[aria-label='Revoke the token " + who.TokenID + " of ci@acme.example']")
	p.follow(".danger-button")
	if !strings.Contains(p.text("main"), "revoked") {
		t.Error("the list does not show the token revoked")
	}
	if _, err := site.auth.Verify(t.Context(), secret); err == nil {
		t.Error("the token counts still")
	}
}

func TestBrowserProjects(t *testing.T) {
	t.Parallel()
	site := newSite(t, Options{}, testEntry("acme", "ada@example.com", "a.b", audit.Success))
	p := site.tab(t)
	p.expect("status of 400")
	p.login(site.admin)
	p.open("/projects")
	p.follow("[aria-label='Delete the project acme']")
	p.fill("#again", "acm")
	p.follow(".danger-button")
	if got := p.text("[role=alert]"); !strings.Contains(got, "not the name of the project") {
		t.Errorf("the page says %q", got)
	}
	p.fill("#again", "acme")
	p.follow(".danger-button")
	p.follow("[aria-label='Restore the project acme']")
	p.fill("#again", "acme")
	p.follow(".inline-form .primary")
	if got, err := site.store.Project("acme"); err != nil || got.State != "active" {
		t.Errorf("the project is %s, %v", got.State, err)
	}
}

func TestBrowserThemes(t *testing.T) {
	t.Parallel()
	p := demoSite(t).tab(t)
	background := func() string { return eval[string](p, "getComputedStyle(document.body).backgroundColor") }
	const light, dark = "rgb(255, 255, 255)", "rgb(14, 16, 20)"
	p.scheme("dark")
	p.open("/logs?project=acme")
	if got := background(); got != dark {
		t.Errorf("where the system is dark, the page is %s", got)
	}
	p.scheme("light")
	if got := background(); got != light {
		t.Errorf("where the system is light, the page is %s", got)
	}
	p.click(".theme button")
	if got := background(); got != dark {
		t.Errorf("switched, the page is %s", got)
	}
	p.open("/projects")
	if got := background(); got != dark {
		t.Errorf("the next page is %s", got)
	}
	p.click(".theme button")
	p.open("/projects")
	if got := background(); got != light {
		t.Errorf("switched back, the page is %s", got)
	}
}

// everyPage lists a page of each kind and state.
func everyPage(site *site, t *testing.T) []string {
	entry := site.idOf(t, "acme", func(e *audit.Entry) bool { return e.Metadata["branch"] == "pricing-hotfix" })
	return []string{
		"/?all", "/logs?project=acme", "/logs?project=acme&range=7d&outcome=forbidden,error&q=missing&entry=" + entry,
		"/logs?project=acme&actor=nobody", "/logs?project=empty", "/logs?project=acme&search=odd:x", "/logs?project=acme&range=odd",
		"/entry?project=acme&id=" + entry, "/entry?project=acme&id=99999999", "/nowhere",
		"/projects", "/projects?project=acme", "/tokens", "/status",
	}
}

// fullSite is a site with made-up entries, an entry with long values, and tokens.
func fullSite(t *testing.T) *site {
	t.Helper()
	long := testEntry("acme", strings.Repeat("very.long.name.", 20)+"@example.com", strings.Repeat("resource", 20)+".verb", audit.Error)
	long.CreatedAt = tuesday()
	long.Resource = audit.Resource{Type: strings.Repeat("Type", 30), ID: strings.Repeat("0123456789", 50), Name: strings.Repeat("name-", 60), LocationID: strings.Repeat("location.", 20)}
	long.Detail = strings.Repeat("unbreakable", 100)
	long.Actor.Label = strings.Repeat("label:", 60)
	long.Changes = []audit.Change{{Field: strings.Repeat("field", 40), Old: strings.Repeat("o", 800), New: strings.Repeat("new value ", 80)}}
	long.Metadata = map[string]string{strings.Repeat("key", 60): strings.Repeat("value", 100)}
	long.Request = audit.Request{IP: "2001:db8::1", UserAgent: strings.Repeat("agent/", 100), ID: strings.Repeat("id", 100)}
	site := newSite(t, Options{Now: tuesday}, append(demo.Entries("acme", tuesday()), long)...)
	site.token(t, auth.Token{Name: "pipeline", Owner: "ci@acme.example", OwnerType: audit.ServiceAccount, Role: rights.Recorder, Projects: []string{"acme", "shop"}})
	return site
}

// TestBrowserPhone looks at every page at the width of a phone: nothing may reach
// beyond its edge.
func TestBrowserPhone(t *testing.T) {
	t.Parallel()
	site := fullSite(t)
	p := site.tab(t)
	p.expect("status of 40")
	p.do(chromedp.EmulateViewport(375, 812, chromedp.EmulateMobile, chromedp.EmulateTouch))
	p.login(site.admin)
	for _, path := range everyPage(site, t) {
		p.open(path)
		if wide := eval[int](p, "document.documentElement.scrollWidth"); wide > 375 {
			t.Errorf("%s is %d pixels wide", path, wide)
		}
	}
	p.do(chromedp.EmulateViewport(320, 640, chromedp.EmulateMobile))
	for _, path := range []string{"/logs?project=acme", "/status", "/tokens"} {
		p.open(path)
		if wide := eval[int](p, "document.documentElement.scrollWidth"); wide > 320 {
			t.Errorf("%s is %d pixels wide on the narrowest phone", path, wide)
		}
	}
	p.do(chromedp.EmulateViewport(375, 812, chromedp.EmulateMobile, chromedp.EmulateTouch))
	p.open("/logs?project=acme&outcome=error")
	p.click(".filters-button")
	p.until("document.querySelector('#filters').matches(':popover-open')")
	p.follow(p.link(".facets", "Domain"))
	if got := p.param("resourceType"); got != "Domain" {
		t.Errorf("at %s", p.path())
	}
	p.click("#rows tr:nth-child(1)")
	p.until("document.activeElement.id === 'entry-title'")
	covers := eval[bool](p, "(() => { const b = document.querySelector('#panel').getBoundingClientRect(); return b.left === 0 && b.top === 0 && b.width === 375 })()")
	if !covers {
		t.Error("the entry does not cover the page")
	}
	p.click("#panel .close")
	p.until("!document.querySelector('#board.opened')")
	p.click(".projects-menu summary")
	p.follow(p.link(".menu-pages", "Tokens"))
	if got := p.path(); got != "/tokens" {
		t.Errorf("at %s", got)
	}
}

// axeFile returns where axe-core is, which checks pages for accessibility.
func axeFile(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("AUDITLOG_AXE"); path != "" {
		return path
	}
	found, err := filepath.Glob("../.cache/axe-*.min.js")
	if err != nil || len(found) == 0 {
		t.Skip("axe-core is not here: accessibility goes unchecked (make test gets it)")
	}
	return found[len(found)-1]
}

func TestBrowserAccessibility(t *testing.T) {
	t.Parallel()
	axe, err := os.ReadFile(axeFile(t))
	if err != nil {
		t.Fatal(err)
	}
	site := fullSite(t)
	p := site.tab(t)
	p.expect("status of 40")
	check := func(path string) {
		t.Helper()
		eval[bool](p, string(axe)+"; true")
		result := eval[string](p, `axe.run(document, {resultTypes: ['violations']}).then((r) => JSON.stringify(r.violations.map((v) => ({
			id: v.id, help: v.help, nodes: v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200) + ' ' + n.failureSummary)}))))`)
		var violations []struct {
			ID, Help string
			Nodes    []string
		}
		if err := json.Unmarshal([]byte(result), &violations); err != nil {
			t.Fatal(err)
		}
		for _, v := range violations {
			t.Errorf("%s: %s (%s)\n\t%s", path, v.Help, v.ID, strings.Join(v.Nodes, "\n\t"))
		}
	}
	p.open("/login")
	check("/login")
	p.login(site.admin)
	for _, path := range everyPage(site, t) {
		for _, scheme := range []string{"light", "dark"} {
			p.scheme(scheme)
			p.open(path)
			check(path + " " + scheme)
		}
	}
	for _, path := range embeddedPages(t, site) {
		p.open(path)
		check(path)
	}
	p.open("/logs?project=acme&range=7d")
	for _, open := range []string{".projects-menu summary", ".range-menu summary", ".export-menu summary", ".columns-menu summary", "#help-button"} {
		p.click(open)
		check(open)
	}
	p.do(chromedp.EmulateViewport(375, 812))
	p.open("/logs?project=acme&outcome=error")
	check("phone")
	p.click(".filters-button")
	p.until("document.querySelector('#filters').matches(':popover-open')")
	check("phone, filters")
}

// TestBrowserHostileEntries shows an entry that tries to be more than text in
// every field, everywhere that entries are shown.
func TestBrowserHostileEntries(t *testing.T) {
	t.Parallel()
	n := 0
	evil := func() string {
		n++
		return fmt.Sprintf(`"'><img src=x onerror=window.hacked=%d><script>window.hacked=%d</script></textarea></title>{{.}}javascript:window.hacked=%d`, n, n, n)
	}
	e := &audit.Entry{
		Project: "acme" + evil(), Actor: audit.Actor{Email: evil(), Type: audit.ServiceAccount, Label: evil()}, Action: evil(),
		Resource: audit.Resource{Type: evil(), ID: evil(), Name: evil(), LocationID: evil()}, Outcome: audit.Error, Detail: evil() + "\r\n\x00\u2028" + evil(),
		Request: audit.Request{IP: evil(), UserAgent: evil(), ID: evil()}, Changes: []audit.Change{{Field: evil(), Old: evil(), New: evil()}},
		Metadata: map[string]string{evil(): evil()}, Key: evil(), CreatedAt: testNow.Add(-clock.Day),
	}
	e.Project = e.Project[:100]
	again := e.Clone()
	again.Key, again.CreatedAt = "", testNow
	bare := e.Clone()
	bare.Key, bare.Resource.ID = "", ""
	site := newSite(t, Options{}, e, bare)
	p := site.tab(t)
	p.expect("status of 400")
	p.login(site.admin)
	project := url.QueryEscape(e.Project)
	check := func(path string) {
		t.Helper()
		if got := eval[string](p, "String(window.hacked) + document.querySelectorAll('img, [onerror], main script').length"); got != "undefined0" {
			t.Errorf("%s was taken in: %s", path, got)
		}
	}
	for _, path := range []string{
		"/?all", "/logs?project=" + project, "/logs?project=" + project + "&entry=1", "/logs?project=" + project + "&entry=2", "/entry?project=" + project + "&id=1",
		"/projects", "/projects?project=" + project, "/tokens",
		"/logs?project=" + project + "&actor=" + url.QueryEscape(e.Actor.Email) + "&resourceType=" + url.QueryEscape(e.Resource.Type) + "&resourceId=" + url.QueryEscape(e.Resource.ID),
		"/logs?project=" + project + "&search=" + url.QueryEscape(evil()+" odd:x"),
		"/logs?project=" + project + "&q=" + url.QueryEscape(`hacked`),
	} {
		p.open(path)
		check(path)
	}
	p.open("/logs?project=" + project)
	p.click("#live")
	p.until("document.querySelector('#live').getAttribute('aria-checked') === 'true'")
	site.record(t, again)
	p.until("document.querySelectorAll('#rows tr').length === 3")
	p.click("#rows tr .c-time")
	p.until("document.querySelector('#panel .entry')")
	check("the live view")
	for name, want := range map[string]string{"detail": e.Detail, "label": e.Actor.Label, "change": e.Changes[0].New, "agent": e.Request.UserAgent} {
		shown := eval[string](p, "document.querySelector('#panel').textContent")
		want = strings.NewReplacer("\r\n", "\n", "\x00", "\ufffd", "\u2028", spell.Text("\u2028")).Replace(want)
		if !strings.Contains(shown, want) {
			t.Errorf("the %s is not shown as it is", name)
		}
	}
}

// TestBrowserWithoutScripts goes through the pages without any.
func TestBrowserWithoutScripts(t *testing.T) {
	t.Parallel()
	site := fullSite(t)
	v := site.visitor(t).login(site.admin)
	p := site.tab(t)
	p.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}))
	p.login(site.admin)
	p.open("/logs?project=acme")
	p.follow("#older")
	if p.param("cursor") == "" || p.count("#rows tr") != 50 {
		t.Errorf("older entries are at %s", p.path())
	}
	p.follow(p.link("#list", "Back to the newest entries"))
	p.follow("#rows tr:nth-child(2) .row-link")
	if p.count("#panel .entry") != 1 || p.param("entry") == "" {
		t.Errorf("no entry at %s", p.path())
	}
	p.follow("#panel .close")
	p.follow(p.link(".facets", "error"))
	p.chooseRange("Last 30 days")
	p.search("rollout")
	if got := p.path(); got != "/logs?project=acme&range=30d&outcome=error&q=rollout" {
		t.Errorf("at %s", got)
	}
	p.follow(".theme button")
	if got := eval[string](p, "document.documentElement.className + location.search"); got != "dark?project=acme&range=30d&outcome=error&q=rollout" {
		t.Errorf("the theme is %s", got)
	}
	for _, hidden := range []string{"#live", "#help-button"} {
		if eval[bool](p, fmt.Sprintf("document.querySelector(%q).checkVisibility()", hidden)) {
			t.Errorf("%s shows, and does nothing", hidden)
		}
	}
	if a := v.get("/logs?project=acme&cursor=" + p.param("cursor")); a.status != 200 {
		t.Errorf("the page is %d", a.status)
	}
}
