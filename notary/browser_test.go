package notary

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"auditlog/audit"
	"auditlog/proof/evidence"
)

// browser returns a tab of a browser, or skips the test where there is none.
func browser(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("no browser in a short test")
	}
	path := ""
	for _, name := range []string{os.Getenv("AUDITLOG_CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); name != "" && err == nil && path == "" {
			path = p
		}
	}
	if path == "" {
		t.Skip("chromium is not installed: the page of evidence goes untested (make test installs it)")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU)
	ctx, stopProcess := chromedp.NewExecAllocator(t.Context(), opts...)
	ctx, stop := chromedp.NewContext(ctx, chromedp.WithErrorf(func(string, ...any) {}))
	t.Cleanup(func() { stop(); stopProcess() })
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return ctx
}

// opened opens a page from a file, and returns what it says and how many entries it shows.
func opened(t *testing.T, ctx context.Context, page []byte, script string) (status string, rows int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "evidence.html")
	if err := os.WriteFile(path, page, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	err := chromedp.Do(ctx, chromedp.Navigate("file://"+path))
	for err == nil && (status == "" || strings.HasPrefix(status, "Verifying")) {
		if status, err = chromedp.Run(ctx, chromedp.Evaluate[string]("document.querySelector('#status').textContent")); err == nil {
			time.Sleep(20 * time.Millisecond)
		}
	}
	if err == nil {
		rows, err = chromedp.Run(ctx, chromedp.Evaluate[int]("document.querySelectorAll('tbody tr').length"))
	}
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return status, rows
}

// TestEvidencePage opens evidence as a file in a browser, which verifies it with nothing else,
// and refuses it after each kind of change.
func TestEvidencePage(t *testing.T) {
	ctx := browser(t)
	b := open(t)
	b.record("a b/ü's+", 300)
	odd := entry("a b/ü's+", 7)
	odd.Detail, odd.Actor.Email = "</script><script>alert(1)</script>\t<!-- \u2028 é", "mallory@example.com"
	_, err := b.Record(t.Context(), []*audit.Entry{odd})
	b.must(err)
	b.record("other", 2)
	whole := b.evidence(audit.Query{Project: "a b/ü's+"})
	some := b.evidence(audit.Query{Project: "a b/ü's+", Is: audit.Terms{"actor": {"u1@example.com", "mallory@example.com"}}})
	h := must(b.History("a b/ü's+"))
	part := b.someOf(&h, append([]int64{3, 4, 7}, pick(20, 290, 90)...))
	for name, bundle := range map[string][]byte{"whole": whole, "some": some, "part": part} {
		page := asPage(t, bundle)
		status, rows := opened(t, ctx, page, name)
		if want := bytes.Count(bundle, []byte("\n")) - 1; !strings.HasPrefix(status, "Verified") || rows != want {
			t.Fatalf("%s: %q, %d of %d rows", name, status, rows, want)
		}
		r, err := evidence.Open(bytes.NewReader(page), int64(len(page)))
		b.must(err)
		if _, err := evidence.Verify(r, &evidence.Policy{}, func(*audit.Entry) error { return nil }); err != nil {
			t.Errorf("%s: the page, verified here: %v", name, err)
		}
		for what, changed := range spoiled(bundle) {
			if status, rows := opened(t, ctx, asPage(t, changed), what); !strings.HasPrefix(status, "This evidence does not hold") || rows != 0 {
				t.Errorf("%s, %s: %q, %d rows", name, what, status, rows)
			}
			if _, _, err := verify(changed, evidence.Policy{}); err == nil {
				t.Errorf("%s, %s: holds here", name, what)
			}
		}
	}
}

func asPage(t *testing.T, bundle []byte) []byte {
	t.Helper()
	var page bytes.Buffer
	if err := evidence.WriteHTML(&page, bytes.NewReader(bundle)); err != nil {
		t.Fatal(err)
	}
	return page.Bytes()
}

// spoiled returns a bundle after each kind of change.
func spoiled(bundle []byte) map[string][]byte {
	flip := func(after string, by int) []byte {
		c := bytes.Clone(bundle)
		i := bytes.Index(c, []byte(after)) + len(after) + by
		if c[i] == 'A' {
			c[i] = 'B'
		} else {
			c[i] = 'A'
		}
		return c
	}
	lines := bytes.SplitAfter(bundle, []byte("\n"))
	lines = lines[:len(lines)-1]
	swapped := append([][]byte{}, lines...)
	swapped[2], swapped[3] = swapped[3], swapped[2]
	all := map[string][]byte{
		"a byte of an entry":           flip(`"detail":"`, -12),
		"a byte of a salt":             flip(`{"salt":"`, 3),
		"a byte of a key's name":       flip(`"keys":["auditlog/`, 3),
		"a byte of a key's number":     flip(`"keys":["auditlog/`, 34),
		"a byte of a key":              flip(`"keys":["auditlog/`, 60),
		"a byte of the head's proof":   flip(`"headProof":["`, 3),
		"a byte of the checkpoint":     flip(`"checkpoint":"auditlog/`, 80),
		"a byte of its signature":      flip(`"master":"auditlog/`, 160),
		"a byte of the head":           flip(`"head":"auditlog head v1\n0\n`, 16),
		"a line removed":               bytes.Join(append(append([][]byte{}, lines[:2]...), lines[3:]...), nil),
		"the last line removed":        bytes.Join(lines[:len(lines)-1], nil),
		"two swapped":                  bytes.Join(swapped, nil),
		"another project":              bytes.Replace(bundle, []byte(`"project":"a b`), []byte(`"project":"c b`), 1),
		"another number of entries":    bytes.Replace(bundle, []byte(`"entries":`), []byte(`"entries":1`), 1),
		"a line twice":                 bytes.Join(append(append([][]byte{}, lines[:3]...), lines[2:]...), nil),
		"another seq of the first one": bytes.Replace(bundle, []byte(`"firstSeq":`), []byte(`"firstSeq":2`), 1),
	}
	if bytes.Contains(bundle, []byte(`"before":["`)) {
		all["a byte of what comes before"] = flip(`"before":["`, 3)
	}
	if bytes.Contains(bundle, []byte(`"proof":["`)) {
		all["a byte of a proof"] = flip(`"proof":["`, 3)
	}
	return all
}

// TestEvidenceFiles: the zip holds what the bundle does, in parts for other tools.
func TestEvidenceFiles(t *testing.T) {
	b := open(t)
	b.record("acme", 30)
	for _, q := range []audit.Query{{Project: "acme"}, {Project: "acme", Is: audit.Terms{"actor": {"u2@example.com"}}}} {
		bundle := b.evidence(q)
		var z bytes.Buffer
		b.must(evidence.WriteZip(&z, bytes.NewReader(bundle)))
		for name, file := range map[string][]byte{"zip": z.Bytes(), "page": asPage(t, bundle), "bundle": bundle} {
			r, err := evidence.Open(bytes.NewReader(file), int64(len(file)))
			b.must(err)
			n := 0
			if _, err := evidence.Verify(r, &evidence.Policy{}, func(*audit.Entry) error { n++; return nil }); err != nil || n == 0 {
				t.Errorf("%s: %v, %d entries", name, err, n)
			}
		}
		for _, bad := range [][]byte{nil, []byte("PK"), []byte("<!doctype html>\n"), z.Bytes()[:len(z.Bytes())/2], asPage(t, bundle)[:bytes.LastIndex(asPage(t, bundle), []byte("}\n</script>"))]} {
			r, err := evidence.Open(bytes.NewReader(bad), int64(len(bad)))
			if err == nil {
				_, err = evidence.Verify(r, &evidence.Policy{}, func(*audit.Entry) error { return nil })
			}
			if err == nil {
				t.Errorf("a file of %d bytes holds", len(bad))
			}
		}
	}
}
