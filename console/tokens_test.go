package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/rights"
)

// shown returns the secret that a page shows, or "".
func shown(page string) string {
	_, rest, _ := strings.Cut(page, `id="secret" class="secret mono">`)
	secret, _, _ := strings.Cut(rest, "<")
	return secret
}

func TestRotateToken(t *testing.T) {
	site := newSite(t, Options{})
	old := site.token(t, auth.Token{Owner: "ci@acme", Role: rights.Recorder, Name: "pipeline"})
	who, err := site.auth.Verify(t.Context(), old)
	if err != nil {
		t.Fatal(err)
	}
	v := site.visitor(t).login(site.admin)
	if page := v.get("/tokens?rotate=" + who.TokenID).body; !strings.Contains(page, "Give the token pipeline of ci@acme a new secret?") {
		t.Errorf("it is not asked about:\n%s", page)
	}
	if a := v.send("/tokens/rotate", url.Values{"id": {who.TokenID}}); a.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", a.status, a.body)
	}
	fresh := shown(v.get("/tokens").body)
	for name, secret := range map[string]string{"new": fresh, "old": old} {
		if p, err := site.auth.Verify(t.Context(), secret); err != nil || p.TokenID != who.TokenID {
			t.Errorf("the %s one is of %+v, %v", name, p, err)
		}
	}
	if again := shown(v.get("/tokens").body); again != "" {
		t.Error("the secret is shown twice")
	}
	v.send("/tokens/rotate", url.Values{"id": {who.TokenID}, "grace": {"none"}})
	if _, err := site.auth.Verify(t.Context(), fresh); audit.KindOf(err) != audit.Unauthenticated {
		t.Errorf("without a grace the old one: %v", err)
	}
}

func TestTokenForAddresses(t *testing.T) {
	site := newSite(t, Options{})
	v := site.visitor(t).login(site.admin)
	form := url.Values{"owner": {"ci@acme"}, "ownerType": {"ServiceAccount"}, "role": {"viewer"}, "addresses": {"10.0.0.0/8, 192.0.2.7"}}
	if a := v.send("/tokens/create", form); a.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", a.status, a.body)
	}
	page := v.get("/tokens").body
	if !strings.Contains(page, "from 10.0.0.0/8, 192.0.2.7") {
		t.Errorf("the list does not say where from:\n%s", page)
	}
	// The browser is at neither.
	if a := site.visitor(t).PostToken(shown(page)); a.status != http.StatusForbidden || !strings.Contains(a.body, "This token is not for calls from 127.0.0.1") {
		t.Errorf("%d\n%s", a.status, a.body)
	}
	form.Set("addresses", "10.0.0.0/8, somewhere")
	if a := v.send("/tokens/create", form); a.status != http.StatusBadRequest || !strings.Contains(a.body, "must be an address or a range") {
		t.Errorf("%d\n%s", a.status, a.body)
	}
}

// PostToken logs in with a token, or does not.
func (b *browser) PostToken(secret string) answer {
	b.t.Helper()
	return b.do(b.PostForm(b.site.URL+"/login", url.Values{"token": {secret}}))
}

func TestRevokeWithWhatItMade(t *testing.T) {
	site := newSite(t, Options{})
	secret := site.token(t, auth.Token{Owner: "ops@acme", Role: rights.Admin, Projects: []string{"acme"}})
	who, err := site.auth.Verify(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	made, _, err := site.auth.Create(t.Context(), &rights.Call{Principal: who}, auth.Token{Owner: "x@acme", OwnerType: audit.ServiceAccount, Role: rights.Viewer, Projects: []string{"acme"}})
	if err != nil {
		t.Fatal(err)
	}
	v := site.visitor(t).login(site.admin)
	if a := v.send("/tokens/revoke", url.Values{"id": {who.TokenID}, "cascade": {"1"}}); a.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", a.status, a.body)
	}
	if _, err := site.auth.Verify(t.Context(), made); audit.KindOf(err) != audit.Unauthenticated {
		t.Errorf("what the token made goes on: %v", err)
	}
}

func TestSessionsOnThePage(t *testing.T) {
	site, _ := personSite(t)
	ada := site.visitor(t)
	ada.get("/login/provider")
	ada.get("/login/callback?state=s1&code=c")
	v := site.visitor(t).login(site.admin)
	page := v.get("/tokens").body
	if !strings.Contains(page, "ada@example.com") || !strings.Contains(page, "https://id.example.com") || !strings.Contains(page, `<span class="label">you</span>`) {
		t.Fatalf("who is logged in is not told:\n%s", page)
	}
	_, rest, _ := strings.Cut(page, ` of ada@example.com">End`)
	before := strings.TrimSuffix(page, rest)
	id := before[strings.LastIndex(before, "End the session ")+len("End the session "):][:8]
	if a := v.send("/sessions/end", url.Values{"id": {id}}); a.status != http.StatusSeeOther {
		t.Fatalf("ending %q: %d\n%s", id, a.status, a.body)
	}
	if a := ada.get("/logs?project=acme"); a.status != http.StatusSeeOther {
		t.Errorf("ada is still in: %d", a.status)
	}
}
