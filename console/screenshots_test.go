package console

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/auth"
	"auditlog/demo"
)

// TestScreenshots writes the pictures of the documentation into the folder that
// AUDITLOG_SCREENSHOTS names.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("AUDITLOG_SCREENSHOTS")
	if dir == "" {
		t.Skip("AUDITLOG_SCREENSHOTS names no folder: make screenshots does")
	}
	// A Tuesday: the day before, the bad release, was a working day.
	now := func() time.Time { return time.Date(2026, 5, 5, 16, 40, 0, 0, time.UTC) }
	site := newSite(t, Options{Now: now, Version: "1.0.0"}, demo.Entries("acme", now())...)
	site.token(t, auth.Token{Name: "deploy pipeline", Owner: "ci@acme.serviceaccount.example", OwnerType: audit.ServiceAccount, Role: auth.Recorder})
	site.token(t, auth.Token{Name: "on call", Owner: "ada@example.com", Role: auth.Viewer, ExpiresAt: now().AddDate(0, 3, 0)})
	p := site.tab(t)
	p.scheme("light")
	p.login(site.admin)

	entry := site.idOf(t, "acme", func(e *audit.Entry) bool { return e.Metadata["branch"] == "pricing-hotfix" })
	shots := []struct {
		name          string
		path          string
		width, height int64
		scheme        string
	}{
		{"page", "/logs?project=acme&range=30d", 1440, 900, "light"},
		{"page-dark", "/logs?project=acme&range=30d", 1440, 900, "dark"},
		{"entry", "/logs?project=acme&range=7d&resourceId=4720&entry=" + entry, 1440, 900, "light"},
		{"entry-dark", "/logs?project=acme&range=7d&resourceId=4720&entry=" + entry, 1440, 900, "dark"},
		{"phone", "/logs?project=acme&outcome=forbidden,error", 375, 812, "light"},
		{"phone-dark", "/logs?project=acme&outcome=forbidden,error", 375, 812, "dark"},
		{"phone-entry", "/logs?project=acme&entry=" + entry, 375, 812, "light"},
		{"tokens", "/tokens", 1440, 900, "light"},
		{"projects", "/projects?project=acme", 1440, 900, "light"},
		{"status", "/status", 1440, 900, "light"},
		{"entry-page", "/entry?project=acme&id=" + entry, 1440, 900, "light"},
	}
	for _, s := range shots {
		if os.Getenv("AUDITLOG_SCREENSHOTS_ALL") == "" && s.name != "page" && s.name != "entry" && s.name != "entry-dark" && s.name != "phone" {
			continue
		}
		p.scheme(s.scheme)
		scale := 1.0
		if s.width < 400 {
			scale = 2
		}
		p.do(chromedp.EmulateViewport(s.width, s.height, chromedp.EmulateScale(scale)))
		p.open(s.path)
		p.shoot(filepath.Join(dir, s.name+".png"))
	}
}

// shoot writes what is seen of the page to a file.
func (p *tab) shoot(path string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patienceInTests)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, png, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// idOf returns the id of the newest entry that matches.
func (s *site) idOf(t testing.TB, project string, match func(*audit.Entry) bool) string {
	t.Helper()
	var id int64
	err := audittest.Export(t.Context(), s.store, audit.Query{Project: project}, func(e *audit.Entry) error {
		if id == 0 && match(e) {
			id = e.ID
		}
		return nil
	})
	if err != nil || id == 0 {
		t.Fatalf("no such entry (%v)", err)
	}
	return strconv.FormatInt(id, 10)
}
