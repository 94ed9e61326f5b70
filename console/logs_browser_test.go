package console

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/console/clock"
	"auditlog/console/filter"
	"auditlog/demo"
)

// demoSite is a site with the made-up entries as of a Tuesday afternoon.
func demoSite(t *testing.T) *site {
	t.Helper()
	return newDevSite(t, Options{Now: tuesday}, demo.Entries("acme", tuesday())...)
}

func tuesday() time.Time { return time.Date(2026, 5, 5, 16, 40, 0, 0, time.UTC) }

// total returns how many entries the page counts.
func (p *tab) total() int {
	p.t.Helper()
	n, err := strconv.Atoi(strings.ReplaceAll(p.text("#total"), ",", ""))
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

// link returns a selector of the link with a text within an element.
func (p *tab) link(within, text string) string {
	p.t.Helper()
	found := eval[bool](p, fmt.Sprintf(`(() => {
		for (const old of document.querySelectorAll('[data-found]')) delete old.dataset.found;
		const a = [...document.querySelectorAll(%q)].find((a) => (a.querySelector('.ends, .clip') ?? a).textContent.trim() === %q);
		if (a) a.dataset.found = '1';
		return !!a;
	})()`, within+" a", text))
	if !found {
		p.t.Fatalf("no link %q in %s at %s", text, within, p.path())
	}
	return "[data-found]"
}

// TestBrowserFilters narrows by each filter the way a person does, and asks the
// store for what must be there.
func TestBrowserFilters(t *testing.T) {
	t.Parallel()
	site := demoSite(t)
	p := site.tab(t)
	tests := []struct {
		name   string
		narrow func()
		want   filter.Filter
	}{
		{"resource type", func() { p.follow(p.link(".facets", "Route")) }, filter.Filter{Is: audit.Terms{filter.KeyResourceType: {"Route"}}}},
		{"outcome", func() { p.follow(p.link(".facets", "forbidden")) }, filter.Filter{Is: audit.Terms{filter.KeyOutcome: {"forbidden"}}}},
		{"two outcomes", func() {
			p.follow(p.link(".facets", "forbidden"))
			p.follow(p.link(".facets", "error"))
		}, filter.Filter{Is: audit.Terms{filter.KeyOutcome: {"forbidden", "error"}}}},
		{"action", func() { p.follow(p.link(".facets", "deployment.scale")) }, filter.Filter{Is: audit.Terms{filter.KeyAction: {"deployment.scale"}}}},
		{"actor", func() { p.follow(p.link(".facets", "grace@example.com")) }, filter.Filter{Is: audit.Terms{filter.KeyActor: {"grace@example.com"}}}},
		{"service accounts", func() { p.follow(p.link(".facets", "Service accounts")) }, filter.Filter{Is: audit.Terms{filter.KeyActorType: {"ServiceAccount"}}}},
		{"channel", func() { p.follow(p.link(".facets", "MCP")) }, filter.Filter{Is: audit.Terms{filter.KeyChannel: {"mcp"}}}},
		{"today", func() { p.chooseRange("Today") }, filter.Filter{Range: "today"}},
		{"7 days", func() { p.chooseRange("Last 7 days") }, filter.Filter{Range: "7d"}},
		{"30 days", func() { p.chooseRange("Last 30 days") }, filter.Filter{Range: "30d"}},
		{"90 days", func() { p.chooseRange("Last 90 days") }, filter.Filter{Range: "90d"}},
		{"year", func() { p.chooseRange("Last year") }, filter.Filter{Range: "1y"}},
		{"custom range", func() {
			p.click(".range-menu summary")
			p.fill(".custom [name=from]", "2026-05-04T14:00")
			p.fill(".custom [name=to]", "2026-05-04T14:30")
			p.follow(".custom button")
		}, filter.Filter{From: time.Date(2026, 5, 4, 14, 0, 0, 0, time.UTC), To: time.Date(2026, 5, 4, 14, 30, 0, 0, time.UTC)}},
		{"words", func() { p.search("checkout deployed") }, filter.Filter{Text: "checkout deployed"}},
		{"a phrase and keys", func() { p.search(`actor:linus@example.com outcome:success "deployed revision"`) },
			filter.Filter{Text: `"deployed revision"`, Is: audit.Terms{filter.KeyActor: {"linus@example.com"}, filter.KeyOutcome: {"success"}}}},
		{"view", func() { p.follow(p.link(".views", "Blocked")) }, filter.Filter{Is: audit.Terms{filter.KeyOutcome: {"forbidden"}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p.open("/logs?project=acme")
			tt.narrow()
			tt.want.Project = "acme"
			if got, want := p.path(), tt.want.URL("/logs"); got != want {
				t.Errorf("at %s, want %s", got, want)
			}
			want := site.count(t, tt.want)
			if got := p.total(); got != want || want == 0 {
				t.Errorf("%d entries, want %d", got, want)
			}
			if got := p.count("#rows tr"); got != min(want, 50) {
				t.Errorf("%d rows of %d", got, want)
			}
			if got := p.count(".chip"); got == 0 {
				t.Error("no chip tells the filter")
			}
		})
	}
}

func TestBrowserChips(t *testing.T) {
	t.Parallel()
	p := demoSite(t).tab(t)
	p.open("/logs?project=acme&range=7d&outcome=error&actor=ci@acme.serviceaccount.example&q=rollout")
	if got := p.count(".chip"); got != 4 {
		t.Fatalf("%d chips", got)
	}
	p.follow("[aria-label='Remove the filter outcome error']")
	if got := p.path(); got != "/logs?project=acme&range=7d&actor=ci@acme.serviceaccount.example&q=rollout" {
		t.Errorf("at %s", got)
	}
	p.follow(".chips .clear")
	if got := p.path(); got != "/logs?project=acme" {
		t.Errorf("at %s", got)
	}
}

// count returns how many entries the store has for a filter.
func (s *site) count(t testing.TB, f filter.Filter) int {
	t.Helper()
	n := 0
	err := audittest.Export(t.Context(), s.store, f.Query(tuesday(), time.UTC), func(*audit.Entry) error { n++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (p *tab) chooseRange(title string) {
	p.t.Helper()
	p.click(".range-menu summary")
	p.follow(p.link(".range-menu", title))
}

func (p *tab) search(text string) {
	p.t.Helper()
	p.fill("#search", text)
	p.click("#search")
	eval[bool](p, "window.left = true")
	p.press(kb.Enter)
	p.until("window.left === undefined")
	p.settled()
}

func TestBrowserSearchFault(t *testing.T) {
	t.Parallel()
	p := demoSite(t).tab(t)
	p.expect("status of 400") // the browser tells its console of the status
	p.open("/logs?project=acme")
	p.search("colour:red deployed")
	if got := p.text("[role=alert]"); !strings.Contains(got, "colour: is not something to filter by") {
		t.Errorf("the page says %q", got)
	}
	if got := eval[string](p, "document.querySelector('#search').value"); got != "colour:red deployed" {
		t.Errorf("the box holds %q", got)
	}
	p.follow(p.link("#search-fault", "Search for these words instead"))
	if got := p.param("q"); got != `"colour:red" deployed` {
		t.Errorf("searched for %q", got)
	}
	if got := p.text(".state-title"); got != "No entry matches" {
		t.Errorf("the page says %q", got)
	}
}

// The search box says what the list shows, also on the way back and forward.
func TestBrowserSearchFollowsBack(t *testing.T) {
	t.Parallel()
	p := demoSite(t).tab(t)
	p.open("/logs?project=acme")
	search := func(text string) {
		p.fill("#search", text)
		eval[bool](p, "document.querySelector('#search').focus(), true")
		p.press(kb.Enter)
		p.until(fmt.Sprintf(`document.querySelector('#search')?.defaultValue === %q && document.readyState === 'complete'`, text))
	}
	search("deployed")
	search("mallory")
	p.fill("#search", "never sent")
	for _, step := range []struct{ way, want string }{{"back", "deployed"}, {"back", ""}, {"forward", "deployed"}} {
		eval[bool](p, "setTimeout(() => history."+step.way+"()), true")
		p.until(fmt.Sprintf(`(new URLSearchParams(location.search).get('q') ?? '') === %q && document.readyState === 'complete'`, step.want))
		p.settled()
		if got := eval[string](p, `document.querySelector('#search').value`); got != step.want {
			t.Errorf("%s: the box says %q, the list shows %q", step.way, got, step.want)
		}
	}
}

func TestBrowserPaging(t *testing.T) {
	t.Parallel()
	site := demoSite(t)
	p := site.tab(t)
	p.open("/logs?project=acme&range=90d")
	for want := 100; want <= 200; want += 50 {
		eval[bool](p, "window.scrollTo(0, document.body.scrollHeight), true")
		p.until(fmt.Sprintf("document.querySelectorAll('#rows tr').length >= %d", want))
	}
	ids := eval[[]int](p, "[...document.querySelectorAll('#rows tr')].map((r) => Number(r.dataset.id))")
	at := eval[[]string](p, "[...document.querySelectorAll('#rows tr')].map((r) => r.dataset.at)")
	seen := make(map[int]bool)
	for i, id := range ids {
		if seen[id] {
			t.Fatalf("entry %d is there twice", id)
		}
		seen[id] = true
		if i > 0 && at[i] > at[i-1] {
			t.Fatalf("row %d is newer than the one above", i)
		}
	}
	// All of a narrow view, to its end.
	want := site.count(t, filter.Filter{Project: "acme", Is: audit.Terms{filter.KeyResourceType: {"Route"}}})
	p.open("/logs?project=acme&resourceType=Route")
	p.until(fmt.Sprintf("window.scrollTo(0, document.body.scrollHeight), document.querySelectorAll('#rows tr').length === %d", want))
	p.until("document.querySelector('.older').textContent === 'No older entries'")
}

func TestBrowserPagingFails(t *testing.T) {
	t.Parallel()
	site := demoSite(t)
	p := site.tab(t)
	p.do(chromedp.EmulateViewport(1440, 300))
	p.expect("status of 400")
	p.open("/logs?project=acme")
	eval[bool](p, "document.querySelector('#older').href += 'x', window.scrollTo(0, document.body.scrollHeight), true")
	p.until("document.querySelector('#older')?.textContent.includes('Try again')")
}

func TestBrowserEntry(t *testing.T) {
	t.Parallel()
	site := demoSite(t)
	p := site.tab(t)
	p.open("/logs?project=acme&resourceType=Deployment")
	p.click("#rows tr:nth-child(4) .c-actor")
	p.until("document.querySelector('#panel .entry')")
	id := eval[string](p, "document.querySelector('#rows tr:nth-child(4)').dataset.id")
	if got := p.path(); got != "/logs?project=acme&resourceType=Deployment&entry="+id {
		t.Errorf("at %s", got)
	}
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	e, err := site.store.Get(t.Context(), "acme", n)
	if err != nil {
		t.Fatal(err)
	}
	panel := p.text("#panel")
	for _, want := range []string{e.Actor.Email, e.Action, e.Detail, e.Resource.ID, e.Resource.LocationID, e.Request.IP, e.Request.UserAgent, e.Key, e.CreatedAt.Format("15:04:05.000000")} {
		if !strings.Contains(panel, want) {
			t.Errorf("the panel is without %q", want)
		}
	}
	if got := eval[bool](p, "JSON.parse(document.querySelector('#entry-json').textContent).id === "+id); !got {
		t.Error("the JSON is another entry's")
	}
	beside := eval[bool](p, `(() => { const l = document.querySelector('#list').getBoundingClientRect(), r = document.querySelector('#panel').getBoundingClientRect();
		return l.right <= r.left && r.right <= innerWidth && l.width > 400 })()`)
	if !beside {
		t.Error("the panel does not stand beside the list")
	}
	p.press(kb.Escape)
	p.until("!document.querySelector('#board.opened')")
	p.until("location.search === '?project=acme&resourceType=Deployment'")
	eval[bool](p, "history.back(), true")
	p.until("document.querySelector('#panel .entry')?.dataset.id === '" + id + "'")
	// Its own page, and back.
	p.follow("#panel [aria-label='Permanent link to this entry']")
	if got := p.path(); got != "/entry?project=acme&id="+id {
		t.Errorf("the permanent link is %s", got)
	}
	if !strings.Contains(p.text(".entry"), e.Detail) {
		t.Error("the entry's own page is without its detail")
	}
}

func TestBrowserChanges(t *testing.T) {
	t.Parallel()
	site := demoSite(t)
	p := site.tab(t)
	id := site.idOf(t, "acme", func(e *audit.Entry) bool { return e.Metadata["branch"] == "pricing-hotfix" })
	p.open("/entry?project=acme&id=" + id)
	got := eval[[][]string](p, "[...document.querySelectorAll('.changes tbody tr')].map((r) => [...r.cells].map((c) => c.textContent))")
	if len(got) != 3 || got[2][0] != "env.NEW_PRICING" || got[2][1] != "off" || got[2][2] != "on" {
		t.Errorf("the changes are %q", got)
	}
}

func TestBrowserValueFilters(t *testing.T) {
	t.Parallel()
	p := demoSite(t).tab(t)
	for key, label := range map[string]string{
		"actor": "Filter by this actor", "action": "Filter by this action", "resourceType": "Filter by this type",
		"resourceId": "Filter by this resource", "outcome": "Filter by this outcome", "channel": "Filter by this channel", "actorType": "Filter by this type of actor",
	} {
		p.open("/logs?project=acme&range=30d")
		p.click("#rows tr:nth-child(2)")
		p.until("document.querySelector('#panel .entry')")
		want := eval[string](p, fmt.Sprintf("document.querySelector('#panel [title=%q]').textContent.trim()", label))
		p.follow(fmt.Sprintf("#panel [title=%q]", label))
		if key == "actorType" {
			want = map[string]string{"Service account": "ServiceAccount", "User": "User"}[want]
		}
		if got := p.param(key); got != want || p.param("range") != "30d" {
			t.Errorf("clicking %q led to %s", want, p.path())
		}
		if p.count("#rows tr") == 0 {
			t.Errorf("nothing at %s", p.path())
		}
	}
}

func TestBrowserEntryFails(t *testing.T) {
	t.Parallel()
	p := demoSite(t).tab(t)
	p.expect("status of 404")
	p.open("/logs?project=acme")
	eval[bool](p, "document.querySelector('#rows .row-link').href = '/logs?project=acme&entry=99999999', true")
	p.click("#rows tr:nth-child(1) .c-action")
	p.until("document.querySelector('#panel [role=alert] .retry')")
}

func TestBrowserChart(t *testing.T) {
	t.Parallel()
	site := demoSite(t)
	p := site.tab(t)
	p.open("/logs?project=acme&range=30d&outcome=forbidden,error")
	bars := p.count("#plot .bar")
	if bars < 60 {
		t.Fatalf("%d bars", bars)
	}
	at := func(bar float64) (x, y float64) {
		box := eval[[]float64](p, "(() => { const b = document.querySelector('#plot').getBoundingClientRect(); return [b.left, b.top, b.width, b.height] })()")
		return box[0] + (bar+.5)/float64(bars)*box[2], box[1] + box[3]/2
	}
	// The tip on hover.
	x, y := at(float64(bars - 3))
	p.do(chromedp.MouseEvent(chromedp.MouseMoved, x, y))
	p.until("document.querySelector('.tip:not([hidden])')?.textContent.includes('forbidden')")
	// A click on a bar.
	from, to := p.barBounds(bars - 3)
	eval[bool](p, "window.left = true")
	p.do(chromedp.MouseClickXY(x, y))
	p.until("window.left === undefined")
	p.settled()
	if p.param("from") != from || p.param("to") != to || p.param("outcome") != "forbidden,error" {
		t.Errorf("a bar led to %s, want %s to %s", p.path(), from, to)
	}
	// A drag over several.
	p.open("/logs?project=acme&range=30d&outcome=forbidden,error")
	from, _ = p.barBounds(10)
	_, to = p.barBounds(30)
	x, y = at(30)
	eval[bool](p, "window.left = true")
	p.do(chromedp.MouseEvent(chromedp.MousePressed, x, y, chromedp.ButtonLeft, chromedp.ClickCount(1)))
	x, y = at(20)
	p.do(chromedp.MouseEvent(chromedp.MouseMoved, x, y, chromedp.ButtonLeft))
	p.until("!document.querySelector('.brush').hidden")
	x, y = at(10)
	p.do(chromedp.MouseEvent(chromedp.MouseMoved, x, y, chromedp.ButtonLeft))
	p.do(chromedp.MouseEvent(chromedp.MouseReleased, x, y, chromedp.ButtonLeft, chromedp.ClickCount(1)))
	p.until("window.left === undefined")
	p.settled()
	if p.param("from") != from || p.param("to") != to || p.param("outcome") != "forbidden,error" || p.param("range") != "" {
		t.Errorf("a drag led to %s, want %s to %s", p.path(), from, to)
	}
}

func TestBrowserCountsThatTakeLong(t *testing.T) {
	t.Parallel()
	site := demoSite(t)
	site.console.countPatience = 0
	p := site.tab(t)
	p.open("/logs?project=acme&range=30d")
	p.until("document.querySelectorAll('#plot .bar').length > 50 && document.querySelectorAll('.facet').length > 3")
	if got, want := p.total(), site.count(t, filter.Filter{Project: "acme", Range: "30d"}); got != want {
		t.Errorf("%d entries, want %d", got, want)
	}
	if got := eval[string](p, "document.querySelector('#plot .bar').dataset.label"); !strings.Contains(got, "forbidden") {
		t.Errorf("the chart has no tips: %q", got)
	}
}

func (p *tab) barBounds(i int) (from, to string) {
	p.t.Helper()
	b := eval[[]string](p, fmt.Sprintf("(() => { const b = document.querySelectorAll('#plot .bar')[%d].dataset; return [b.from, b.to] })()", i))
	return b[0], b[1]
}

func TestBrowserKeys(t *testing.T) {
	t.Parallel()
	p := demoSite(t).tab(t)
	p.open("/logs?project=acme")
	focused := func() int {
		return eval[int](p, "[...document.querySelectorAll('#rows tr')].indexOf(document.activeElement.closest('tr'))")
	}
	p.press("jjj")
	if got := focused(); got != 2 {
		t.Errorf("after jjj at row %d", got)
	}
	p.press("k")
	if got := focused(); got != 1 {
		t.Errorf("after k at row %d", got)
	}
	p.press(kb.Enter)
	p.until("document.querySelector('#panel .entry') && document.activeElement.id === 'entry-title'")
	p.press("j")
	p.until("document.querySelector('#panel .entry').dataset.id === document.querySelector('#rows tr:nth-child(3)').dataset.id")
	p.press(kb.Escape)
	p.until("!document.querySelector('#board.opened')")
	if got := focused(); got != 2 {
		t.Errorf("after Esc at row %d", got)
	}
	p.press("/")
	p.until("document.activeElement.id === 'search'")
	p.press("jk")
	// The key event of a test types its character even where the page took the key.
	if got := eval[string](p, "document.querySelector('#search').value"); strings.TrimPrefix(got, "/") != "jk" {
		t.Errorf("the box holds %q", got)
	}
	p.press(kb.Escape)
	p.until("document.activeElement.id !== 'search'")
	p.press("?")
	p.until("document.querySelector('#help').open")
	p.press(kb.Escape)
	p.until("!document.querySelector('#help').open")
	// Menus open and close by keys.
	p.do(chromedp.Focus(".range-menu summary"))
	p.press(" ")
	p.until("document.querySelector('.range-menu').open")
	p.press(kb.Escape)
	p.until("!document.querySelector('.range-menu').open && document.activeElement.matches('.range-menu summary')")
}

func TestBrowserLive(t *testing.T) {
	t.Parallel()
	site := newDevSite(t, Options{}, testEntry("acme", "ada@example.com", "a.b", audit.Success), testEntry("acme", "ada@example.com", "a.b", audit.Forbidden))
	p := site.tab(t)
	p.open("/logs?project=acme&outcome=forbidden")
	if p.count("#rows tr") != 1 {
		t.Fatal("the list does not begin with one row")
	}
	p.click("#live")
	p.until("document.querySelector('#live').getAttribute('aria-checked') === 'true'")
	site.record(t, testEntry("acme", "ada@example.com", "a.b", audit.Success), testEntry("acme", "mallory@example.com", "role.grant", audit.Forbidden))
	p.until("document.querySelectorAll('#rows tr').length === 2")
	if got := p.text("#rows tr:nth-child(1)"); !strings.Contains(got, "mallory@example.com") {
		t.Errorf("the first row is %q", got)
	}
	p.until("document.querySelector('#total').textContent === '2'")
	late := testEntry("acme", "late@example.com", "role.grant", audit.Forbidden)
	late.CreatedAt = testNow.Add(-30 * clock.Day)
	site.record(t, late)
	p.until("document.querySelector('#rows tr:nth-child(3)')?.textContent.includes('late@example.com')")
	// It goes on under another filter, and ends with the switch.
	p.open("/logs?project=acme")
	p.until("document.querySelector('#live').getAttribute('aria-checked') === 'true'")
	site.record(t, testEntry("acme", "grace@example.com", "a.b", audit.Success))
	p.until("document.querySelector('#rows').textContent.includes('grace@example.com')")
	p.click("#live")
	p.until("document.querySelector('#live').getAttribute('aria-checked') === 'false'")
	// A range that has ended has nothing to come.
	p.open("/logs?project=acme&range=yesterday")
	if !eval[bool](p, "document.querySelector('#live').disabled") {
		t.Error("yesterday can be watched live")
	}
}

func TestBrowserExport(t *testing.T) {
	t.Parallel()
	p := demoSite(t).tab(t)
	p.open("/logs?project=acme&range=7d&outcome=error")
	want := p.total()
	p.click(".export-menu summary")
	for i, lines := range []int{want + 1, want} {
		link := fmt.Sprintf(".export-menu li:nth-child(%d) a", i+1)
		got := eval[[]string](p, fmt.Sprintf(`(async () => { const a = await fetch(document.querySelector(%q).href);
			return [a.headers.get('content-disposition'), await a.text()] })()`, link))
		if strings.Count(got[1], "\n") != lines || !strings.HasPrefix(got[0], "attachment; filename=acme-audit-log-") {
			t.Errorf("%s: %d lines, want %d", got[0], strings.Count(got[1], "\n"), lines)
		}
	}
}

// TestBrowserFiveQuestions asks each question of the documentation from the first
// page, in at most three clicks.
func TestBrowserFiveQuestions(t *testing.T) {
	t.Parallel()
	site := demoSite(t)
	p := site.tab(t)
	clicks := 0
	click := func(selector string) { p.follow(selector); clicks++ }
	open := func(row string) {
		p.click(row)
		p.until("document.querySelector('#panel .entry')")
		clicks++
	}
	tests := map[string]struct {
		ask  func()
		want string
	}{
		"who deployed the bad release": {func() {
			click(p.link(".views", "Deployments"))
			p.until("[...document.querySelectorAll('#rows tr')].some((r) => r.textContent.includes('linus@example.com') && r.textContent.includes('checkout'))")
			eval[bool](p, "[...document.querySelectorAll('#rows tr')].find((r) => r.textContent.includes('linus@example.com') && r.textContent.includes('checkout')).id = 'bad', true")
			open("#bad .c-action")
		}, "pricing-hotfix"},
		"what was blocked": {func() { click(p.link(".views", "Blocked")) }, "victor@contractor.example"},
		"what did the CI service account touch yesterday": {func() {
			click(p.link(".views", "Service accounts yesterday"))
			click(p.link(".facets", "ci@acme.serviceaccount.example"))
		}, "rollout of revision"},
		"what happened to this resource": {func() {
			eval[bool](p, "[...document.querySelectorAll('#rows tr')].find((r) => r.textContent.includes('checkout')).id = 'this', true")
			open("#this .c-action")
			click(p.link("#panel .more", "More On this resource"))
		}, "deployment.rollback"},
		"what happened around this time": {func() {
			eval[bool](p, "[...document.querySelectorAll('#rows tr')].find((r) => r.textContent.includes('deployment.rollback')).id = 'this', true")
			open("#this .c-action")
			click(p.link("#panel .more", "More Around this time"))
		}, "6 of 8 pods crash looping"},
	}
	for question, tt := range tests {
		t.Run(question, func(t *testing.T) {
			p.open("/logs?project=acme&range=7d")
			p.until("window.scrollTo(0, document.body.scrollHeight), document.body.textContent.includes('deployment.rollback')")
			eval[bool](p, "window.scrollTo(0, 0), true")
			clicks = 0
			tt.ask()
			if clicks > 3 {
				t.Errorf("it took %d clicks", clicks)
			}
			if !strings.Contains(p.text("main"), tt.want) {
				t.Errorf("no %q at %s", tt.want, p.path())
			}
		})
	}
}

func TestBrowserZone(t *testing.T) {
	t.Parallel()
	site := demoSite(t)
	p := site.tab(t)
	p.zone("Asia/Tokyo")
	p.open("/logs?project=acme&from=2026-05-04T14:00Z&to=2026-05-04T14:03Z")
	p.until("document.body.dataset.zone === 'Asia/Tokyo'")
	p.settled()
	got := eval[[]string](p, "(() => { const t = document.querySelector('#rows time'); return [t.textContent, t.title] })()")
	if got[0] != "May  4 23:02:11" || got[1] != "2026-05-04 14:02:11.417000 UTC" {
		t.Errorf("the time is %q", got)
	}
	// The form is in the same zone, and its answer in UTC.
	p.click(".range-menu summary")
	p.fill(".custom [name=from]", "2026-05-04T23:00")
	p.fill(".custom [name=to]", "2026-05-05T00:00")
	p.follow(".custom button")
	if p.path() != "/logs?project=acme&from=2026-05-04T14:00Z&to=2026-05-04T15:00Z" {
		t.Errorf("at %s", p.path())
	}
}

func TestBrowserDemoButton(t *testing.T) {
	t.Parallel()
	site := newDevSite(t, Options{})
	p := site.tab(t)
	p.open("/")
	p.follow("main button.primary")
	if got := p.path(); got != "/logs?project=demo" {
		t.Fatalf("at %s", got)
	}
	if got := p.total(); got < 2000 {
		t.Errorf("%d entries", got)
	}
	// Twice adds nothing.
	v := site.visitor(t)
	if a := v.send("/demo", url.Values{}); a.status != 303 {
		t.Errorf("again: %d", a.status)
	}
	if got := site.count(t, filter.Filter{Project: "demo"}); got != p.total() {
		t.Errorf("twice makes %d entries of %d", got, p.total())
	}
}
