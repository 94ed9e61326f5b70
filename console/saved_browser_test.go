package console

import (
	"fmt"
	"testing"

	"auditlog/audit"
)

// The search box offers what there is while one types, saved searches and recent ones; and a saved
// search is made, used and deleted by its menu.
func TestBrowserSavedSearches(t *testing.T) {
	t.Parallel()
	site := newSite(t, Options{}, testEntry("acme", "ada@example.com", "deployment.deploy", audit.Success))
	p := site.tab(t)
	p.login(site.admin)
	p.open("/logs?project=acme&outcome=success")
	p.click(".saved-menu summary")
	p.fill(".saved-menu [name=name]", "What went well")
	p.follow(".saved-menu form.custom button")
	p.open("/logs?project=acme")
	p.click(".saved-menu summary")
	p.follow(p.link(".saved-menu", "What went well"))
	if got := p.path(); got != "/logs?project=acme&outcome=success" {
		t.Errorf("the saved search leads to %s", got)
	}
	p.search("actor:ada@example.com")
	offered := func(typed, option string) {
		t.Helper()
		p.open("/logs?project=acme")
		p.click("#search")
		p.fill("#search", typed)
		eval[bool](p, "document.querySelector('#search').dispatchEvent(new Event('input'))")
		p.until(fmt.Sprintf("[...document.querySelectorAll('#completions option')].some((o) => o.value === %q)", option))
	}
	offered("action:dep", "action:deployment.deploy")
	offered("sav", `saved:"What went well"`)
	offered("act", "actor:ada@example.com") // which was searched for
	p.search(`saved:"What went well"`)
	if got := p.path(); got != "/logs?project=acme&outcome=success" {
		t.Errorf("its name leads to %s", got)
	}
	p.click(".saved-menu summary")
	p.follow(".saved-menu .saved button")
	if got := p.count(".saved-menu .saved"); got != 0 {
		t.Errorf("%d saved searches after the only one was deleted", got)
	}
}
