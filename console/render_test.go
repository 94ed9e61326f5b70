package console

import (
	"compress/gzip"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/console/amounts"
	"auditlog/console/clock"
	"auditlog/demo"
)

var assetLink = regexp.MustCompile(`(?:href|src)="(/assets/[^"]+)"`)

// TestWeight asks for a page as a browser does, and weighs what comes.
func TestWeight(t *testing.T) {
	site := newDevSite(t, Options{}, demo.Entries("acme", testNow)...)
	total := 0
	fetch := func(path string) (string, http.Header) {
		r, _ := http.NewRequest(http.MethodGet, site.URL+path, nil)
		r.Header.Set("Accept-Encoding", "gzip, deflate, br")
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.Header.Get("Content-Encoding") != "gzip" {
			t.Errorf("%s is not compressed", path)
		}
		var wire counter
		z, err := gzip.NewReader(io.TeeReader(resp.Body, &wire))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes, %d over the wire", path, len(body), wire)
		total += int(wire)
		return string(body), resp.Header
	}
	page, _ := fetch("/logs?project=acme")
	if n := strings.Count(page, "<tr data-id"); n != 50 {
		t.Errorf("%d rows", n)
	}
	links := assetLink.FindAllStringSubmatch(page, -1)
	if len(links) != 3 {
		t.Errorf("the page refers to %v", links)
	}
	for _, link := range links {
		if _, h := fetch(link[1]); !strings.Contains(h.Get("Cache-Control"), "immutable") || h.Get("Content-Type") == "" {
			t.Errorf("%s comes with %v", link[1], h)
		}
	}
	if total > 100<<10 {
		t.Errorf("%d bytes in all", total)
	}
	if regexp.MustCompile(`(?i)\sstyle=|\son[a-z]+=|<script[^>]*>[^<]|<style|https?://`).MatchString(page) {
		t.Error("the page has something inline, or from elsewhere")
	}
}

type counter int

func (c *counter) Write(b []byte) (int, error) { *c += counter(len(b)); return len(b), nil }

func TestAssetsUncompressed(t *testing.T) {
	site := newDevSite(t, Options{})
	v := site.visitor(t)
	for _, link := range assetLink.FindAllStringSubmatch(v.get("/?all").body, -1) {
		r, _ := http.NewRequest(http.MethodGet, site.URL+link[1], nil)
		r.Header.Set("Accept-Encoding", "identity")
		if a := v.do(v.Do(r)); a.status != http.StatusOK || a.header.Get("Content-Encoding") != "" || len(a.body) < 100 {
			t.Errorf("%s: %d, %d bytes", link[1], a.status, len(a.body))
		}
	}
	if a := v.get("/assets/console.000000000000.css"); a.status != http.StatusNotFound {
		t.Errorf("an old asset: %d", a.status)
	}
}

func TestZoneOfVisitor(t *testing.T) {
	site := newDevSite(t, Options{}, testEntry("acme", "ada@example.com", "a.b", audit.Success))
	for cookie, want := range map[string]string{
		"": "May  4 11:00:00", "Asia/Tokyo": "May  4 20:00:00", "America/New_York": "May  4 07:00:00",
		"Nowhere/Land": "May  4 11:00:00", "../../etc/passwd": "May  4 11:00:00", "Local": "May  4 11:00:00",
	} {
		r, _ := http.NewRequest(http.MethodGet, site.URL+"/logs?project=acme", nil)
		r.Header.Set("Cookie", clock.ZoneCookie+"="+cookie)
		v := site.visitor(t)
		if a := v.do(v.Do(r)); !strings.Contains(a.body, ">"+want+"<") {
			t.Errorf("%s: no %q in the page", cookie, want)
		}
	}
}

func TestFormats(t *testing.T) {
	for got, want := range map[string]string{
		amounts.Count(0): "0", amounts.Count(999): "999", amounts.Count(1000): "1,000", amounts.Count(1234567): "1,234,567",
		amounts.Bytes(12): "12 bytes", amounts.Bytes(1536): "1.5 KiB", amounts.Bytes(5 << 30): "5.0 GiB",
		amounts.Uptime(42 * time.Second): "42 seconds", amounts.Uptime(90 * time.Minute): "1 hour, 30 minutes", amounts.Uptime(49 * time.Hour): "2 days, 1 hour",
		sentence("path: is wrong"): "Path: is wrong.",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
