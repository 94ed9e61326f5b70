package console

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"auditlog/audit"
	"auditlog/rpc"
)

// lively is a log of which every look shows more.
type lively struct {
	wellLog
	looks int64
}

func (l *lively) Status(req *rpc.StatusRequest) (*rpc.StatusResult, error) {
	st, err := l.wellLog.Status(req)
	l.looks++
	st.LastID = l.looks
	return st, err
}

// The page keeps up while somebody looks at it, and leaves alone what they have opened.
func TestBrowserStatusKeepsUp(t *testing.T) {
	t.Parallel()
	site := newDevSite(t, Options{Status: &lively{wellLog: wellLog{testNow}}}, testEntry("acme", "ada@example.com", "a.b", audit.Success))
	p := site.tab(t)
	p.open("/status")
	if got := p.count(".intake .bar"); got != 61+30 {
		t.Errorf("%d bars are drawn", got)
	}
	p.until("document.querySelector('.status-card .mono').textContent !== '#1'")
	p.expect("ERR_")
	site.Listener.Close()
	site.CloseClientConnections()
	p.until("!document.querySelector('#state-note').hidden")
	p.click(".qr-code summary")
	if eval[int](p, "document.querySelector('.qr').naturalWidth") == 0 {
		t.Error("the QR code is no picture")
	}
}

// The menu of projects finds among thousands while one types, by keyboard alone.
func TestBrowserProjectPicker(t *testing.T) {
	t.Parallel()
	var entries []*audit.Entry
	for i := range 3000 {
		entries = append(entries, testEntry(fmt.Sprintf("tenant-%04d", i), "ada@example.com", "a.b", audit.Success))
	}
	site := newDevSite(t, Options{}, entries...)
	p := site.tab(t)
	p.open("/tokens")
	open := func() {
		p.press("p")
		p.until("document.activeElement.name === 'find'")
		eval[bool](p, "document.activeElement.value = '', true") // the driver types the key as well
	}
	open()
	p.press("nt-2987")
	p.until("document.querySelectorAll('#project-links a').length === 1")
	p.press(kb.ArrowDown)
	p.press(kb.ArrowDown)
	if got := eval[string](p, "document.activeElement.textContent"); got != "tenant-29871" {
		t.Errorf("the arrows lead to %q", got)
	}
	p.press(kb.ArrowUp)
	p.press(kb.ArrowUp)
	p.press(kb.Enter)
	p.until("location.pathname === '/logs'")
	p.settled()
	if got := p.param("project"); got != "tenant-2987" {
		t.Errorf("Enter leads to %s", p.path())
	}
	p.open("/status")
	if got := p.text(".projects-menu summary .clip"); got != "tenant-2987" {
		t.Errorf("the page Status remembers %q", got)
	}
	open()
	p.press("nope")
	p.until("document.querySelector('.none-found')")
	if a := site.visitor(t).get("/?all=&find=tenant-2987"); a.status != http.StatusOK {
		t.Errorf("without scripts: %d", a.status)
	}
}
