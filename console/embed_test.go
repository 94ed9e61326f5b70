package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
	"auditlog/rpc"
	"auditlog/viewer"
)

// embedSite is a site of two projects, and an admin of one who makes links.
type embedSite struct {
	*site
	maker *rights.Call
}

func newEmbedSite(t *testing.T, opts Options) *embedSite {
	t.Helper()
	var entries []*audit.Entry
	for i := range 120 {
		e := testEntry("acme", fmt.Sprintf("user%d@acme.com", i), "deployment.deploy", audit.Success)
		e.CreatedAt = testNow.Add(-time.Duration(i) * time.Hour)
		entries = append(entries, e)
	}
	ci := testEntry("acme", "ci@acme.com", "secret.read", audit.Forbidden)
	ci.Detail, ci.Changes = "he wrote <b>bold</b>", []audit.Change{{Field: "replicas", Old: "2", New: "4"}}
	entries = append(entries, ci, testEntry("beta", "eve@beta.com", "other.tenant", audit.Success))
	s := &embedSite{site: newSite(t, opts, entries...)}
	s.maker = s.callOf(t, auth.Token{Owner: "platform@acme", OwnerType: audit.ServiceAccount, Role: rights.Admin, Projects: []string{"acme"}})
	return s
}

func (s *embedSite) callOf(t *testing.T, token auth.Token) *rights.Call {
	t.Helper()
	who, err := s.auth.Verify(t.Context(), s.token(t, token))
	if err != nil {
		t.Fatal(err)
	}
	return &rights.Call{Principal: who, Channel: audit.ChannelAPI}
}

func (s *embedSite) link(t *testing.T, q rpc.SavedQuery) string {
	t.Helper()
	made, err := s.console.viewer.Create(t.Context(), s.maker, &rpc.ViewerLinkCreateRequest{Project: "acme", Query: q})
	if err != nil {
		t.Fatal(err)
	}
	return made.Path
}

// embeddedPages returns pages of a link to acme, of all kinds.
func embeddedPages(t *testing.T, site *site) []string {
	t.Helper()
	s := &embedSite{site: site}
	s.maker = s.callOf(t, auth.Token{Owner: "platform@acme", OwnerType: audit.ServiceAccount, Role: rights.Admin, Projects: []string{"acme"}})
	link := s.link(t, rpc.SavedQuery{})
	return []string{link, link + "&entry=1&theme=dark", link + "&q=nobodywrotethis", link + "x"}
}

// customers are not shown what was blocked, nor what the log says of itself.
func customers() rpc.Terms {
	return rpc.Terms{Outcome: rpc.Values{"forbidden"}, RecordedBy: rpc.Values{audit.RecordedByLog}}
}

var olderLink = regexp.MustCompile(`id="older" href="([^"]+)"`)

// By a link its bearer reads what it is for, page by page, entry by entry, and searches within it.
func TestEmbedded(t *testing.T) {
	s := newEmbedSite(t, Options{})
	v := s.visitor(t)
	link := s.link(t, rpc.SavedQuery{Not: customers(), Zone: "Europe/Berlin"})
	seen := 0
	for at := link; at != ""; {
		a := v.get(at)
		if a.status != http.StatusOK || strings.Contains(a.body, "eve@beta.com") || strings.Contains(a.body, "ci@acme.com") || strings.Contains(a.body, "<script") {
			t.Fatalf("%d\n%s", a.status, a.body)
		}
		if len(a.header.Values("Set-Cookie")) > 0 || a.header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("the answer has %v", a.header)
		}
		for _, to := range regexp.MustCompile(` (?:href|action|src)="(/[^"]*)"`).FindAllStringSubmatch(a.body, -1) {
			if !strings.HasPrefix(to[1], "/embed") && !strings.HasPrefix(to[1], "/assets/") {
				t.Errorf("the page leads to %s", to[1])
			}
		}
		seen += strings.Count(a.body, "<tr data-id")
		at = ""
		if next := olderLink.FindStringSubmatch(a.body); next != nil {
			at = strings.ReplaceAll(next[1], "&amp;", "&")
		}
	}
	if seen != 120 {
		t.Errorf("%d entries are seen", seen)
	}
	if a := v.get(link + "&q=user7"); strings.Count(a.body, "<tr data-id") != 1 || !strings.Contains(a.body, "user7@acme.com") {
		t.Errorf("searched for:\n%s", a.body)
	}
	if a := v.get(link + "&entry=5"); a.status != http.StatusOK || !strings.Contains(a.body, "user4@acme.com") || !strings.Contains(a.body, "4 May 2026, 10:00:00 CEST") {
		t.Errorf("an entry: %d\n%s", a.status, a.body)
	}
	all := s.link(t, rpc.SavedQuery{})
	if a := v.get(all + "&entry=121"); !strings.Contains(a.body, "he wrote &lt;b&gt;bold&lt;/b&gt;") || !strings.Contains(a.body, "<del>2</del>") || strings.Contains(a.body, "Recorded by") {
		t.Errorf("an entry with changes:\n%s", a.body)
	}
}

// With a link nothing can be reached but what it is for, whatever is done to its parameters.
func TestEmbeddedReachesNothingElse(t *testing.T) {
	s := newEmbedSite(t, Options{})
	v := s.visitor(t)
	link := s.link(t, rpc.SavedQuery{Terms: rpc.Terms{Outcome: rpc.Values{"success"}}, From: "12h"})
	secret := strings.TrimPrefix(link, "/embed?link=")
	hidden := func(what string, a answer) {
		t.Helper()
		for _, text := range []string{"eve@beta.com", "ci@acme.com", "user50@acme.com", "other.tenant", "secret.read"} {
			if strings.Contains(a.body, text) {
				t.Errorf("%s shows %s", what, text)
			}
		}
	}
	for _, more := range []string{
		"&entry=121", "&entry=122", "&entry=51", "&entry=0", "&entry=x", "&project=beta", "&outcome=forbidden", "&from=2020-01-01", "&range=1y", "&at=0",
		"&q=ci", "&q=outcome:forbidden", "&q=-nothing", "&q=%22", "&q=%22%20ci%20%22", "&cursor=AAAA", "&project=&q=eve", "&link=x", "&order=oldest",
	} {
		a := v.get(link + more)
		hidden(more, a)
		if a.status == http.StatusInternalServerError {
			t.Errorf("%s: %d", more, a.status)
		}
	}
	// A cursor says of which times it is, and anybody can write one: with that of a wider view of the
	// same filters.
	wide := s.link(t, rpc.SavedQuery{Terms: rpc.Terms{Outcome: rpc.Values{"success"}}})
	next := olderLink.FindStringSubmatch(v.get(wide).body)
	if next == nil {
		t.Fatal("the wide view has one page")
	}
	u, err := url.Parse(strings.ReplaceAll(next[1], "&amp;", "&"))
	if err != nil {
		t.Fatal(err)
	}
	a := v.get(link + "&cursor=" + u.Query().Get("cursor"))
	if hidden("the cursor of a wider view", a); a.status != http.StatusBadRequest || strings.Contains(a.body, "<tr data-id") {
		t.Errorf("with the cursor of a wider view: %d", a.status)
	}
	// The link opens no page but its own, and no method of the API.
	for _, rt := range s.console.routes() {
		verb, path, _ := strings.Cut(strings.TrimSuffix(rt.pattern, "{$}"), " ")
		if path == viewer.Page || rt.open {
			continue
		}
		at := s.URL + path + "?project=acme&link=" + secret
		a := v.do(v.Get(at))
		if verb == http.MethodPost {
			a = v.do(v.PostForm(at, url.Values{"link": {secret}, "project": {"acme"}}))
		}
		if where := a.header.Get("Location"); !strings.HasPrefix(where, "/login") && a.status != http.StatusUnauthorized {
			t.Errorf("%s answers who has a link with %d, to %q", rt.pattern, a.status, where)
		}
		hidden(rt.pattern, a)
	}
	for _, as := range []string{secret, "als_" + secret, "al_" + secret} {
		if who, err := s.auth.Verify(t.Context(), as); err == nil {
			t.Errorf("a link is a token of %+v", who)
		}
	}
	// Who is logged in sees no more by it.
	in := s.visitor(t).login(s.admin)
	hidden("an admin's browser", in.get(link+"&entry=121"))
}

// What is wrong with a link is told, and ended ones show nothing.
func TestEmbeddedFaults(t *testing.T) {
	s := newEmbedSite(t, Options{})
	v := s.visitor(t)
	for _, path := range []string{"/embed", "/embed?link=", "/embed?link=a.b", s.link(t, rpc.SavedQuery{}) + "A"} {
		if a := v.get(path); a.status != http.StatusUnauthorized || !strings.Contains(a.body, "This link is over") || strings.Contains(a.body, "<tr data-id") {
			t.Errorf("%s: %d\n%s", path, a.status, a.body)
		}
	}
	link := s.link(t, rpc.SavedQuery{})
	if _, err := s.auth.Revoke(t.Context(), &rights.Call{Principal: rights.Dev()}, s.maker.Principal.TokenID); err != nil {
		t.Fatal(err)
	}
	if a := v.get(link); a.status != http.StatusUnauthorized {
		t.Errorf("after the token is revoked: %d", a.status)
	}
}

// Only pages of the origins that the configuration names frame a link.
func TestFrameAncestors(t *testing.T) {
	for _, tt := range []struct {
		from      []string
		ancestors string
		denied    bool
	}{
		{nil, "frame-ancestors 'none'", true},
		{[]string{"https://portal.example.com", "https://*.example.org"}, "frame-ancestors https://portal.example.com https://*.example.org", false},
	} {
		s := newEmbedSite(t, Options{EmbedFrom: tt.from})
		v := s.visitor(t)
		a := v.get(s.link(t, rpc.SavedQuery{}))
		if csp := a.header.Get("Content-Security-Policy"); !strings.HasSuffix(csp, tt.ancestors) || (a.header.Get("X-Frame-Options") == "DENY") != tt.denied {
			t.Errorf("%v: %s, %s", tt.from, csp, a.header.Get("X-Frame-Options"))
		}
		for _, other := range []string{"/login", "/logs?project=acme"} {
			if h := v.get(other).header; h.Get("X-Frame-Options") != "DENY" || !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
				t.Errorf("%s can be framed", other)
			}
		}
	}
	for origin, ok := range map[string]bool{
		"https://portal.example.com": true, "http://localhost:3000": true, "https://*.example.com": true, "https://portal.example.com/": false,
		"portal.example.com": false, "https://": false, "*": false, "https://a.com; script-src *": false, "https://a.com b.com": false, "https://*": false,
		"'self'": false, "https://user@a.com": false, "javascript:x": false,
	} {
		if err := CheckOrigin(origin); (err == nil) != ok {
			t.Errorf("%q: %v", origin, err)
		}
	}
}

// inFrame returns the value of an expression in the page's frame, as text.
func (p *tab) inFrame(js string) (text string, err error) {
	ctx, cancel := context.WithTimeout(p.ctx, patienceInTests)
	defer cancel()
	err = chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		tree, err := cdp.Call(ctx, target, page.GetFrameTree, cdp.Empty{})
		if err != nil || len(tree.FrameTree.ChildFrames) != 1 {
			return fmt.Errorf("the page has another number of frames than one: %w", err)
		}
		world, err := cdp.Call(ctx, target, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: tree.FrameTree.ChildFrames[0].Frame.ID})
		if err != nil {
			return err
		}
		got, err := cdp.Call(ctx, target, runtime.Evaluate, runtime.EvaluateParams{Expression: "String(" + js + ")", ContextID: world.ExecutionContextID})
		if err != nil {
			return err
		}
		return json.Unmarshal([]byte(got.Result.Value), &text)
	}))
	return text, err
}

// frame is inFrame of a page that stays.
func (p *tab) frame(js string) string {
	p.t.Helper()
	text, err := p.inFrame(js)
	if err != nil {
		p.t.Fatalf("in the frame %s: %v", js, err)
	}
	return text
}

// framed waits for an expression to have a value in the page's frame, whatever page it is at.
func (p *tab) framed(js, want string) {
	p.t.Helper()
	got := ""
	for end := time.Now().Add(patienceInTests); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if got, _ = p.inFrame(js); got == want { // a page that goes takes the question with it
			return
		}
	}
	p.t.Errorf("in the frame %s is %q, not %q", js, got, want)
}

// A page of another origin shows the log in a frame, in a browser that has no cookie of the log's
// and keeps none; in that of an origin that may not, it stays empty.
func TestBrowserEmbedded(t *testing.T) {
	t.Parallel()
	var link string
	portal := func() *httptest.Server {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprintf(w, `<!doctype html><title>Portal</title><link rel="icon" href="data:,"><h1>Your audit log</h1>
				<iframe src="%s" title="Audit log" width="1000" height="600" referrerpolicy="no-referrer"></iframe>`, link)
		}))
		t.Cleanup(s.Close)
		return s
	}
	may, mayNot := portal(), portal()
	s := newEmbedSite(t, Options{EmbedFrom: []string{may.URL}})
	link = s.URL + s.link(t, rpc.SavedQuery{Not: customers()})
	p := s.tab(t)
	p.expect("frame-ancestors") // what the second one does
	p.do(chromedp.Navigate(may.URL))
	p.settled()
	p.framed("document.querySelectorAll('#rows tr').length + document.cookie + document.styleSheets.length", "501")
	p.frame("void document.querySelector('#rows a').click()")
	p.framed("document.querySelector('#panel h2')?.textContent", "deployment.deploy")
	p.frame("document.querySelector('#older').click()")
	p.framed("document.querySelector('.paged a')?.textContent", "Back to the first entries")
	p.frame("(document.querySelector('#search').value = 'user7', document.querySelector('form').requestSubmit())")
	p.framed("document.querySelector('#rows')?.textContent.includes('user7@acme.com') && document.querySelectorAll('#rows tr').length", "1")
	if n := p.frame("document.documentElement.scrollWidth > innerWidth"); n != "false" {
		t.Error("the frame overflows")
	}
	p.do(chromedp.Navigate(mayNot.URL))
	p.settled()
	if got := p.frame("document.querySelectorAll('#rows tr').length"); got != "0" {
		t.Errorf("a page of another origin shows %s entries", got)
	}
}
