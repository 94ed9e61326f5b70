package console

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"auditlog/audit"
	"auditlog/audit/audittest"
	"auditlog/auth"
	"auditlog/auth/rights"
	"auditlog/console/clock"
	"auditlog/demo"
	"auditlog/rpc"
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
	entries := demo.Entries("acme", now())
	for _, e := range entries {
		e.RecordedBy = "0f3KxQ9Z"
	}
	site := newSite(t, Options{Now: now, Version: "1.0.0", Status: wellLog{now()}}, entries...)
	site.token(t, auth.Token{Name: "deploy pipeline", Owner: "ci@acme.serviceaccount.example", OwnerType: audit.ServiceAccount, Role: rights.Recorder})
	site.token(t, auth.Token{Name: "on call", Owner: "ada@example.com", Role: rights.Viewer, ExpiresAt: now().AddDate(0, 3, 0)})
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
		if os.Getenv("AUDITLOG_SCREENSHOTS_ALL") == "" && s.name != "page" && s.name != "entry" && s.name != "entry-dark" && s.name != "phone" && s.name != "status" {
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

// wellLog is a log that is well and has been for weeks, as the picture of its status shows it.
type wellLog struct{ now time.Time }

func (l wellLog) Status(*rpc.StatusRequest) (*rpc.StatusResult, error) {
	r := rand.New(rand.NewPCG(1, 2))
	st := &rpc.StatusResult{
		Version: "1.0.0", Format: rpc.LogFormat{Version: 4, News: "brought proofs, sinks and saved searches; an auditlog that knows only format 3 does not open it"},
		BeganAt: l.now.Add(-19 * clock.Day), Now: l.now, Entries: 1_284_467, Projects: 38, LastID: 1_291_052,
		Disk: rpc.DiskStatus{
			Log: 34 << 20, Free: 1 << 20, Derived: 11 << 20, Room: 61 << 30, Size: 250 << 30, PerDay: 1_310_000, Since: l.now.Add(-7 * clock.Day),
		},
		Index: &rpc.IndexStatus{},
		Check: &rpc.CheckResult{
			Last: &rpc.Reading{BeganAt: l.now.Add(-9 * clock.Day), EndedAt: l.now.Add(-2 * clock.Day), Entries: 1_219_340},
			Slow: &rpc.Reading{BeganAt: l.now.Add(-2 * clock.Day), Progress: 0.28},
		},
		Checkpoint: &rpc.CheckpointStatus{
			Origin: "auditlog/5f0c", Size: 4711, Root: "V7nTv7HVJIRCmDOIDglh413bMzW9gxek0E5vGLPGD+w=", Signed: "auditlog/5f0c", At: l.now.Add(-40 * time.Second),
			Key: "afb9 49ed 9205 9357 778d 550d cc41 0ef5", Behind: 12,
			Cosigned: []rpc.Cosignature{{Witness: "witness.example.org", At: l.now.Add(-30 * time.Second), Size: 4711}},
		},
		Backups: &rpc.BackupStatus{
			Taken: 19, Last: l.now.Add(-14 * time.Hour), NewBytes: 1_270_000, Seconds: 0.41, To: "s3://acme-backups/auditlog", Next: l.now.Add(10 * time.Hour),
		},
		Sinks: &rpc.SinksStatus{States: map[string]int{"active": 3, "paused": 1}, Behind: 4, Delivered: 2_391_004},
	}
	for i := range 61 {
		from := l.now.Truncate(time.Minute).Add(time.Duration(i-60) * time.Minute)
		st.Minutes = append(st.Minutes, rpc.Arrived{From: from, To: from.Add(time.Minute), Entries: 30 + r.Int64N(60)})
	}
	today := l.now.Truncate(clock.Day)
	for i := range 30 {
		from := today.AddDate(0, 0, i-29)
		n := 38_000 + r.Int64N(17_000)
		if weekday := from.Weekday(); weekday == time.Saturday || weekday == time.Sunday {
			n /= 6
		}
		st.Days = append(st.Days, rpc.Arrived{From: from, To: from.Add(clock.Day), Entries: n})
	}
	for i, c := range []rpc.SlowCall{
		{Method: rpc.Stats, Project: "acme", Seconds: 0.094}, {Method: "GET /logs", Seconds: 0.0714}, {Method: rpc.List, Project: "shop", Seconds: 0.0352},
		{Method: rpc.Record, Project: "acme", Seconds: 0.0187}, {Method: rpc.LogCheckpoint, Seconds: 0.0127},
	} {
		c.At, c.Status, c.RequestID = l.now.Add(-time.Duration(i*i+1)*37*time.Minute), http.StatusOK, fmt.Sprintf("5d0c1f7a21be-%d", 90213-i*7919)
		st.Slowest = append(st.Slowest, c)
	}
	return st, nil
}
