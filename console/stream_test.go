package console

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/auth"
	"auditlog/auth/rights"
	"auditlog/console/filter"
	"auditlog/console/stream"
	"auditlog/export"
)

func TestExport(t *testing.T) {
	var entries []*audit.Entry
	for i := range 2500 {
		e := testEntry("acme", "ada@example.com", "deployment.deploy", audit.Outcomes()[i%3])
		e.Detail = fmt.Sprintf("=revision(%d)", i)
		e.CreatedAt = testNow.Add(-time.Duration(i) * time.Hour)
		entries = append(entries, e)
	}
	site := newDevSite(t, Options{}, entries...)
	v := site.visitor(t)
	for _, format := range []export.Format{export.CSV, export.NDJSON} {
		a := v.get("/export?project=acme&range=30d&outcome=error&format=" + string(format))
		var want bytes.Buffer
		w, err := export.NewWriter(&want, format, nil)
		if err != nil {
			t.Fatal(err)
		}
		f := filter.Filter{Project: "acme", Range: "30d", Is: audit.Terms{filter.KeyOutcome: {"error"}}}
		if err := audittest.Export(t.Context(), site.store, f.Query(testNow, time.UTC), w.Write); err != nil {
			t.Fatal(err)
		}
		if a.status != http.StatusOK || a.body != want.String() || strings.Count(a.body, "\n") < 240 {
			t.Errorf("%s: %d, %d lines, want %d", format, a.status, strings.Count(a.body, "\n"), strings.Count(want.String(), "\n"))
		}
		if got := a.header.Get("Content-Disposition"); got != "attachment; filename=acme-audit-log-2026-05-04-1200."+string(format) {
			t.Errorf("the file is %s", got)
		}
		if format == export.CSV {
			rows, err := csv.NewReader(strings.NewReader(a.body)).ReadAll()
			if err != nil || !strings.HasPrefix(rows[1][15], "'=revision") {
				t.Errorf("%v in %v", err, rows[1])
			}
		}
	}
	if a := v.get("/export?project=acme&outcome=success&actor=nobody&format=csv"); strings.Count(a.body, "\n") != 1 {
		t.Errorf("nothing as CSV is %q", a.body)
	}
	if a := v.get("/export?project=acme&format=xlsx"); a.status != http.StatusBadRequest || !strings.Contains(a.body, "must be ndjson, csv, ocsf, ecs or cef") {
		t.Errorf("another format: %d", a.status)
	}
}

// events reads a live view.
type events struct {
	t    *testing.T
	scan *bufio.Scanner
}

// live opens a live view that ends with the test.
func (b *browser) live(t *testing.T, query string) *events {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.site.URL+"/live?"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := b.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("live: %d %v", resp.StatusCode, resp.Header)
	}
	return &events{t, bufio.NewScanner(resp.Body)}
}

// next returns the next event's fields, or nil when the view is over.
func (e *events) next() map[string]string {
	fields := make(map[string]string)
	for e.scan.Scan() {
		line := e.scan.Text()
		name, value, ok := strings.Cut(line, ": ")
		switch {
		case line == "" && fields["event"] != "":
			return fields
		case ok && name != "":
			fields[name] += value + "\n"
		}
	}
	return nil
}

func TestLive(t *testing.T) {
	site := newDevSite(t, Options{}, testEntry("acme", "ada@example.com", "a.b", audit.Success))
	v := site.visitor(t)
	all := v.live(t, "project=acme&after=1")
	blocked := v.live(t, "project=acme&range=1h&outcome=forbidden&q=mallory&after=0")
	site.record(t, testEntry("shop", "eve@example.com", "a.b", audit.Forbidden))
	nasty := testEntry("acme", "mallory@example.com", "role.grant", audit.Forbidden)
	nasty.Detail = "two\r\nlines <script>alert(1)</script>\rand event: end"
	site.record(t, nasty, testEntry("acme", "ada@example.com", "deployment.deploy", audit.Success))
	got := all.next()
	if got["event"] != "rows\n" || strings.Count(got["data"], "<tr ") != 2 || strings.Contains(got["data"], "eve@") || strings.Contains(got["data"], "<script") {
		t.Errorf("all: %v", got)
	}
	if i, j := strings.Index(got["data"], `data-id="4"`), strings.Index(got["data"], `data-id="3"`); i < 0 || j < i {
		t.Errorf("the newest does not come first: %v", got)
	}
	got = blocked.next()
	if got["event"] != "rows\n" || strings.Count(got["data"], "<tr ") != 1 || !strings.Contains(got["data"], "mallory@") {
		t.Errorf("blocked: %v", got)
	}
	var flood []*audit.Entry
	for range stream.Burst + 1 {
		flood = append(flood, testEntry("acme", "ada@example.com", "a.b", audit.Success))
	}
	site.record(t, flood...)
	if got := all.next(); got["event"] != "many\n" || got["id"] != "205\n" {
		t.Errorf("a flood: %v", got)
	}
	// Of entries that it does not show, a view is not told, however many there are.
	site.record(t, testEntry("acme", "mallory@example.com", "role.grant", audit.Forbidden))
	if got := blocked.next(); got["event"] != "rows\n" || strings.Count(got["data"], "<tr ") != 1 {
		t.Errorf("behind a flood: %v", got)
	}
}

func TestLiveEnds(t *testing.T) {
	stopping := make(chan struct{})
	site := newSite(t, Options{Stopping: stopping}, testEntry("acme", "ada@example.com", "a.b", audit.Success))
	secret := site.token(t, auth.Token{Owner: "v@acme", Role: rights.Viewer})
	p, err := site.auth.Verify(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	out, revoked, stopped := site.visitor(t).login(secret), site.visitor(t).login(secret), site.visitor(t).login(site.admin)
	loggedOut, revokedView, stoppedView := out.live(t, "project=acme&after=1"), revoked.live(t, "project=acme&after=1"), stopped.live(t, "project=acme&after=1")
	out.send("/logout", url.Values{})
	if got := loggedOut.next(); got["event"] != "end\n" {
		t.Errorf("logged out: %v", got)
	}
	if _, err := site.auth.Revoke(t.Context(), &rights.Call{Principal: rights.Dev()}, p.TokenID); err != nil {
		t.Fatal(err)
	}
	if got := revokedView.next(); got["event"] != "end\n" {
		t.Errorf("revoked: %v", got)
	}
	close(stopping)
	if got := stoppedView.next(); got != nil {
		t.Errorf("stopping: %v", got)
	}
}
