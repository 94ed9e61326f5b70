package console

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
	"auditlog/growth"
	"auditlog/notary"
	"auditlog/proof"
	"auditlog/proof/evidence"
	"auditlog/status"
)

// prove gives a site a notary, whose newest head covers all that is recorded.
func (s *site) prove(t testing.TB) *notary.Notary {
	t.Helper()
	key, err := proof.GenerateKey(strings.NewReader(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	n, err := notary.New(s.store, key, notary.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Head(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.console.opts.Proofs = n
	now := s.console.opts.Now
	s.console.opts.Status = status.New(status.Options{Log: s.store, Growth: growth.New(s.store, growth.Options{Now: now}), Proofs: n, Now: now})
	return n
}

// TestProofOfEntry: the evidence of an entry is there for who may have it, once a checkpoint covers
// it, and as a file that verifies itself.
func TestProofOfEntry(t *testing.T) {
	site := newSite(t, Options{}, testEntry("acme", "ada@example.com", "deployment.deploy", audit.Success), testEntry("beta", "eve@example.com", "a.b", audit.Success))
	viewer := site.visitor(t).login(site.token(t, auth.Token{Owner: "v@acme", Role: rights.Viewer, Projects: []string{"acme"}}))
	if page := viewer.get("/entry?project=acme&id=1"); strings.Contains(page.body, "data-proof") {
		t.Error("a page that nobody proves offers a proof")
	}
	site.prove(t)
	if page := viewer.get("/entry?project=acme&id=1"); !strings.Contains(page.body, `data-proof="/proof?project=acme&amp;id=1"`) {
		t.Errorf("the page offers no proof: %s", page.body)
	}
	for path, status := range map[string]int{
		"/proof?project=acme&id=1": 200, "/proof?project=acme&id=1&form=page": 200, "/proof?project=beta&id=2": 403, "/proof?project=acme&id=2": 404,
		"/proof?project=acme&id=x": 400, "/proof?project=&id=1": 400, "/proof?project=acme&id=9": 404,
	} {
		a := viewer.get(path)
		if a.status != status {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
		if status != http.StatusOK {
			continue
		}
		r, err := evidence.Open(strings.NewReader(a.body), int64(len(a.body)))
		if err == nil {
			_, err = evidence.Verify(r, &evidence.Policy{}, func(e *audit.Entry) error { return nil })
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := site.store.Record(t.Context(), []*audit.Entry{testEntry("acme", "x@example.com", "a.b", audit.Success)}); err != nil {
		t.Fatal(err)
	}
	if a := viewer.get("/proof?project=acme&id=" + strconv.FormatInt(site.store.LastID(), 10)); a.status != http.StatusServiceUnavailable {
		t.Errorf("what no checkpoint covers: %d %s", a.status, a.body)
	}
	admin := site.visitor(t).login(site.admin)
	if page := admin.get("/status"); !strings.Contains(page.body, "<dt>Size</dt><dd>1 ") || !strings.Contains(page.body, ">entries since<") {
		t.Errorf("the status page says %s", page.body)
	}
}

// forger proves an entry, and then changes it.
type forger struct{ *notary.Notary }

func (f forger) EvidenceOf(ctx context.Context, w io.Writer, project string, seq int64) error {
	var b strings.Builder
	if err := f.Notary.EvidenceOf(ctx, &b, project, seq); err != nil {
		return err
	}
	_, err := io.WriteString(w, strings.Replace(b.String(), "bob@", "eve@", 1))
	return err
}

// other proves another entry than it is asked for.
type other struct{ *notary.Notary }

func (o other) EvidenceOf(ctx context.Context, w io.Writer, project string, seq int64) error {
	return o.Notary.EvidenceOf(ctx, w, project, seq-1)
}

// TestProofInBrowser: the page checks the proof of the entry that it shows, and says when it does
// not hold.
func TestProofInBrowser(t *testing.T) {
	site := newDevSite(t, Options{}, testEntry("acme", "ada@example.com", "deployment.deploy", audit.Success), testEntry("acme", "bob@example.com", "a.b", audit.Success))
	n := site.prove(t)
	tab := site.tab(t)
	tab.open("/entry?project=acme&id=1")
	tab.until(`document.querySelector('.proof [role=status]').textContent.startsWith('Proved: in the checkpoint of ')`)
	tab.open("/logs?project=acme")
	tab.click("#rows tr[data-id] .row-link")
	tab.until(`document.querySelector('#panel .proof .proved')`)
	site.console.opts.Proofs = other{n}
	tab.open("/entry?project=acme&id=2")
	tab.until(`document.querySelector('.proof .bad').textContent.endsWith('what is proved is another entry than this')`)
	site.console.opts.Proofs = forger{n}
	tab.open("/entry?project=acme&id=2")
	tab.until(`document.querySelector('.proof .bad').textContent.startsWith('It does not hold: ')`)
}
