package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/shipping"
	"auditlog/sink"
	"auditlog/sinks"
)

// picky is a destination that takes everything, nothing, or says that there is no such thing.
type picky struct{ address string }

func (p picky) Deliver(_ context.Context, b *sink.Batch) error {
	switch {
	case strings.HasSuffix(p.address, "/down"):
		return errors.New("connection refused")
	case strings.HasSuffix(p.address, "/refuses"):
		r := &sink.Refused{}
		for i, e := range b.Entries {
			if e.Project != audit.SystemProject { // who takes nothing at all is failing
				r.Entries = append(r.Entries, sink.Refusal{Index: i, Reason: "400 <b>no</b>"})
			}
		}
		return r
	}
	return nil
}

func (picky) Close() error { return nil }

// ship returns what is done with sinks, whose destinations are picky.
func (s *site) ship(t testing.TB, now func() time.Time) *sinks.Desk {
	t.Helper()
	engine, err := shipping.Open(t.Context(), s.store, shipping.Options{Now: now, Open: func(c sink.Config, _ bool) (sink.Destination, error) {
		if !strings.HasPrefix(c.To, "https:") {
			return nil, audit.FieldErrorf("to", "must begin with https")
		}
		return picky{c.To}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var ended atomic.Bool
	done := make(chan error, 1)
	go func() { done <- engine.Run(ctx) }()
	t.Cleanup(func() {
		if cancel(); !ended.Swap(true) {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
	return sinks.New(engine, now)
}

func TestSinks(t *testing.T) {
	site := newSite(t, Options{}, testEntry("acme", "ada@example.com", "deployment.deploy", audit.Success))
	v := site.visitor(t).login(site.admin)
	if page := v.get("/sinks").body; !strings.Contains(page, "No sinks yet") || !strings.Contains(page, `<a href="/sinks" aria-current="page">Sinks</a>`) {
		t.Errorf("without any:\n%s", page)
	}
	form := url.Values{"name": {"siem"}, "project": {"acme"}, "to": {"https://siem.example.com/in?token=geheim"}, "action": {"deployment.*, token.create"},
		"outcome": {"failure"}, "q": {"<i>x</i>"}, "secrets": {"key=geheim\r\n"}, "silence": {"24h"}, "from": {"first"}}
	if a := v.send("/sinks/create", form); a.status != http.StatusSeeOther || a.header.Get("Location") != "/sinks?sink=siem" {
		t.Fatalf("%d\n%s", a.status, a.body)
	}
	page := v.get("/sinks?sink=siem").body
	for _, want := range []string{"https://siem.example.com/in?…", "outcome failure, action deployment.* or token.create", "told of after 24h0m0s", "&lt;i&gt;x", `<polyline points="1,22.5 `} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in\n%s", want, page)
		}
	}
	if strings.Contains(page, "geheim") || strings.Contains(page, "<i>x") {
		t.Errorf("the page shows\n%s", page)
	}
	for name, change := range map[string]url.Values{
		"To: must begin with https":      {"name": {"x"}, "to": {"gopher:"}, "secrets": {"key=geheim"}},
		"There is a sink":                {"name": {"siem"}, "to": {"https://x"}},
		"Silence: must be a length":      {"name": {"x"}, "to": {"https://x"}, "silence": {"soon"}},
		"Secrets: must have name=value":  {"name": {"x"}, "to": {"https://x"}, "secrets": {"geheim"}},
		"From: must be now, first, seq:": {"name": {"x"}, "to": {"https://x"}, "from": {"soon"}},
	} {
		if a := v.send("/sinks/create", change); a.status < 400 || a.status > 499 || !strings.Contains(a.body, name) || strings.Contains(a.body, "geheim") {
			t.Errorf("%s: %d\n%s", name, a.status, a.body)
		}
	}
	act := func(path, want string, more ...string) {
		t.Helper()
		form := url.Values{"sink": {"siem"}}
		for i := 0; i < len(more); i += 2 {
			form.Set(more[i], more[i+1])
		}
		a := v.send("/sinks/"+path, form)
		if want == "" && a.status != http.StatusSeeOther || want != "" && !strings.Contains(a.body, want) {
			t.Errorf("%s: %d\n%s", path, a.status, a.body)
		}
	}
	act("test", "siem took entry ")
	act("pause", "")
	act("pause", "is paused already")
	if page := v.get("/sinks").body; !strings.Contains(page, `action="/sinks/resume"`) {
		t.Error("a paused one is not offered to be resumed")
	}
	act("resume", "")
	act("replay", "From: must be", "from", "soon")
	act("replay", "", "from", "first")
	act("delete", "not the name", "again", "sie")
	act("delete", "", "again", "siem")
	if page := v.get("/sinks?sink=siem").body; !strings.Contains(page, "No sinks yet") {
		t.Errorf("after it was deleted:\n%s", page)
	}
}

// One that fails says why, and what it refused.
func TestSinksInTrouble(t *testing.T) {
	site := newSite(t, Options{})
	v := site.visitor(t).login(site.admin)
	for _, name := range []string{"down", "refuses"} {
		v.send("/sinks/create", url.Values{"name": {name}, "to": {"https://example.com/" + name}, "from": {"first"}})
	}
	site.record(t, testEntry("acme", "ada@example.com", "deployment.deploy", audit.Success))
	var down, refuses string
	for range 100 {
		down, refuses = v.get("/sinks?sink=down").body, v.get("/sinks?sink=refuses").body
		if strings.Contains(down, "connection refused") && strings.Contains(refuses, "Refused for good") {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if !strings.Contains(down, "failing") || !strings.Contains(refuses, "<td class=\"wrap\">400") || strings.Contains(refuses, "<b>no") {
		t.Errorf("they are shown as\n%s\n%s", down, refuses)
	}
	if page := v.get("/status").body; !strings.Contains(page, "1 of 2 in trouble") {
		t.Errorf("the status is\n%s", page)
	}
	if a := v.send("/sinks/test", url.Values{"sink": {"down"}}); a.status != http.StatusOK || !strings.Contains(a.body, "down did not take entry") {
		t.Errorf("its test: %d\n%s", a.status, a.body)
	}
}
