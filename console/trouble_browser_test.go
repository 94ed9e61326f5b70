package console

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"auditlog/audit"
)

// A burst that is more than a live view takes at once leaves no hole: the newest are there, and the
// others behind them.
func TestBrowserBurst(t *testing.T) {
	t.Parallel()
	site := newDevSite(t, Options{}, testEntry("acme", "ada@example.com", "deployment.deploy", audit.Success))
	p := site.tab(t)
	p.goLive()
	const burst = 3000
	var entries []*audit.Entry
	for range burst {
		e := testEntry("acme", "ci@acme", "deployment.scale", audit.Success)
		entries = append(entries, e)
	}
	site.record(t, entries...)
	p.until(fmt.Sprintf("document.querySelector('#rows tr').dataset.id === '%d'", burst+1))
	for range 3 {
		shown := p.count("#rows tr")
		p.until("document.querySelector('#older')")
		eval[bool](p, "document.querySelector('#older').click(), true")
		p.until(fmt.Sprintf("document.querySelectorAll('#rows tr').length > %d", shown))
	}
	p.until("[...document.querySelectorAll('#rows tr')].every((row, i, all) => i === 0 || Number(row.dataset.id) === all[i - 1].dataset.id - 1)")
	if note := p.text("#live-note"); note != "" {
		t.Errorf("the page says %q", note)
	}
}

// A connection that breaks is said, comes back by itself, and brings what came meanwhile.
func TestBrowserLiveComesBack(t *testing.T) {
	t.Parallel()
	site := newDevSite(t, Options{}, testEntry("acme", "ada@example.com", "deployment.deploy", audit.Success))
	p := site.tab(t)
	p.expect("ERR_")
	p.goLive()
	site.CloseClientConnections()
	p.until("document.querySelector('#live-note').textContent.includes('cannot be reached')")
	site.record(t, testEntry("acme", "bob@example.com", "role.grant", audit.Forbidden))
	p.until("document.querySelector('#rows tr[data-id=\"2\"]') && document.querySelector('#live-note').hidden")
}

// restart serves the site again at its address, which nobody answered at meanwhile.
func (s *site) restart(t *testing.T) { s.restartAs(t, s.console.handler()) }

func (s *site) restartAs(t *testing.T, handler http.Handler) {
	t.Helper()
	var l net.Listener
	for range 100 {
		var err error
		if l, err = net.Listen("tcp", strings.TrimPrefix(s.URL, "http://")); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if l == nil {
		t.Fatalf("%s is not free any more", s.URL)
	}
	again := &http.Server{Handler: handler}
	go again.Serve(l)
	t.Cleanup(func() { again.Close() }) // live views do not end by themselves
}

// A server that is killed and started again: the page says so, and goes on by itself. The entry that
// was asked for meanwhile comes, and so does what was recorded.
func TestBrowserServerIsKilled(t *testing.T) {
	t.Parallel()
	site := newDevSite(t, Options{}, testEntry("acme", "ada@example.com", "deployment.deploy", audit.Success))
	p := site.tab(t)
	p.expect("ERR_")
	p.goLive()
	site.CloseClientConnections()
	site.Listener.Close()
	p.until("document.querySelector('#live-note').textContent.includes('cannot be reached')")
	p.click("#rows tr .c-detail")
	p.until("document.querySelector('#panel .retry')")
	site.record(t, testEntry("acme", "bob@example.com", "role.grant", audit.Forbidden))
	site.restart(t)
	p.until("document.querySelector('#rows tr[data-id=\"2\"]') && document.querySelector('#live-note').hidden")
	p.until("document.querySelector('#panel #entry-title')?.textContent === 'deployment.deploy'")
	if p.count("#live.open") != 1 || p.count("#rows tr[data-id]") != 2 {
		t.Error("the live view does not go on as it was")
	}
}

// A node of several whose database fails over lives and answers 503: the live view waits for it.
func TestBrowserNodeIsNotReady(t *testing.T) {
	t.Parallel()
	site := newDevSite(t, Options{}, testEntry("acme", "ada@example.com", "deployment.deploy", audit.Success))
	p := site.tab(t)
	p.expect("ERR_")
	p.expect("503")
	p.goLive()
	site.CloseClientConnections()
	site.Listener.Close()
	var ready atomic.Bool
	asked := make(chan struct{}, 1)
	site.restartAs(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case ready.Load():
			site.console.handler().ServeHTTP(w, r)
		case r.URL.Path == "/healthz":
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
			if r.URL.Path == "/readyz" {
				select {
				case asked <- struct{}{}:
				default:
				}
			}
		}
	}))
	select {
	case <-asked:
	case <-time.After(time.Minute):
		t.Fatal("the page does not ask whether the server is ready")
	}
	p.until("document.querySelector('#live-note').textContent.includes('cannot be reached')")
	site.record(t, testEntry("acme", "bob@example.com", "role.grant", audit.Forbidden))
	ready.Store(true)
	p.until("document.querySelector('#rows tr[data-id=\"2\"]') && document.querySelector('#live-note').hidden")
}
