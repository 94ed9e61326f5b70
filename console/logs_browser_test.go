package console

import (
	"testing"

	"auditlog/demo"
)

func TestBrowserSmoke(t *testing.T) {
	site := newSite(t, Options{Dev: true}, demo.Entries("acme", testNow)...)
	p := site.tab(t)
	p.open("/")
	if got := p.count("#rows tr"); got < 50 {
		t.Errorf("%d rows", got)
	}
	p.click("#rows tr:nth-child(3) .c-action")
	p.until(`document.querySelector('#panel .entry')`)
	if p.param("entry") == "" {
		t.Error("the address does not tell the entry")
	}
}
