package console

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// chromium is the one browser of the test binary. Each test has tabs of its own
// in it, with cookies of their own.
var chromium struct {
	once sync.Once
	ctx  context.Context
	stop func()
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if chromium.stop != nil {
		chromium.stop()
	}
	os.Exit(code)
}

// startChromium starts the browser, or skips the test where there is none.
func startChromium(t testing.TB) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("no browser in a short test")
	}
	path := findChromium()
	if path == "" {
		t.Skip("chromium is not installed: this page goes untested (make test installs it)")
	}
	chromium.once.Do(func() {
		opts := append(chromedp.DefaultExecAllocatorOptions[:],
			chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
			chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		)
		ctx, stopProcess := chromedp.NewExecAllocator(context.Background(), opts...)
		ctx, stop := chromedp.NewContext(ctx, chromedp.WithErrorf(func(string, ...any) {}))
		chromium.ctx, chromium.stop = ctx, func() { stop(); stopProcess() }
		chromium.err = chromedp.Do(ctx)
	})
	if chromium.err != nil {
		t.Fatalf("start %s: %v", path, chromium.err)
	}
	return chromium.ctx
}

func findChromium() string {
	for _, name := range []string{os.Getenv("AUDITLOG_CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	return ""
}

// tab is a visitor with a browser.
type tab struct {
	t    testing.TB
	site *site
	ctx  context.Context

	mu       sync.Mutex
	problems []string // what the page complained of
	expected []string // parts of the complaints that a test provokes
}

// patienceInTests is how long a page may take for anything. It is long because
// machines that run tests are busy.
const patienceInTests = 20 * time.Second

// goLive opens the entries of acme in a live view.
func (p *tab) goLive() {
	p.t.Helper()
	p.open("/logs?project=acme")
	p.click("#live")
	p.until("document.querySelector('#live.open')")
}

// tab opens a tab with cookies of its own, in UTC unless the zone is set. The test
// fails if a page throws, writes an error to its console, or breaks its policy.
func (s *site) tab(t testing.TB) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(startChromium(t), chromedp.WithNewBrowserContext())
	p := &tab{t: t, site: s, ctx: ctx}
	t.Cleanup(func() {
		cancel()
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, problem := range p.problems {
			t.Errorf("the page complained: %s", problem)
		}
	})
	if err := chromedp.Listen(ctx, p.hear); err != nil {
		t.Fatal(err)
	}
	p.do(chromedp.EmulateViewport(1440, 900))
	p.zone("UTC")
	return p
}

// zone sets the time zone of the tab.
func (p *tab) zone(name string) {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: name})
		return err
	}))
}

// scheme sets whether the system prefers light or dark.
func (p *tab) scheme(name string) {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}},
		})
		return err
	}))
}

// hear takes down what a page complains of.
func (p *tab) hear(ev any) {
	switch ev := ev.(type) {
	case *runtime.EventExceptionThrown:
		p.complain("exception: " + ev.ExceptionDetails.Text + describe(ev.ExceptionDetails.Exception))
	case *runtime.EventConsoleAPICalled:
		if ev.Type == runtime.ConsoleAPICalledTypeError || ev.Type == runtime.ConsoleAPICalledTypeWarning || ev.Type == runtime.ConsoleAPICalledTypeAssert {
			text := "console." + string(ev.Type)
			for _, arg := range ev.Args {
				text += " " + string(arg.Value) + describe(arg)
			}
			p.complain(text)
		}
	case *cdplog.EventEntryAdded:
		if ev.Entry.Level == cdplog.EntryLevelError || ev.Entry.Level == cdplog.EntryLevelWarning {
			p.complain(fmt.Sprintf("%s %s: %s %s", ev.Entry.Source, ev.Entry.Level, ev.Entry.Text, ev.Entry.URL))
		}
	}
}

func describe(o *runtime.RemoteObject) string {
	if o == nil {
		return ""
	}
	return " " + o.Description
}

func (p *tab) complain(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, part := range p.expected {
		if strings.Contains(text, part) {
			return
		}
	}
	p.problems = append(p.problems, text)
}

// expect lets the page complain of something that the test provokes.
func (p *tab) expect(part string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expected = append(p.expected, part)
}

func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patienceInTests)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.t.Fatal(err)
	}
}

// open goes to a path of the site and waits until its scripts have run.
func (p *tab) open(path string) {
	p.t.Helper()
	p.do(chromedp.Navigate(p.site.URL + path))
	p.settled()
}

// settled waits until the page and its scripts are there, after a step that
// leads to another.
func (p *tab) settled() {
	p.t.Helper()
	p.until(`document.readyState === 'complete' && performance.getEntriesByType('navigation')[0].loadEventEnd > 0`)
}

// eval returns the value of an expression in the page.
func eval[T any](p *tab, js string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patienceInTests)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", js, err)
	}
	return v
}

// until waits for an expression to be true, on whatever page comes next.
func (p *tab) until(js string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patienceInTests)
	defer cancel()
	var last error
	for {
		// A page that is left meanwhile takes the question with it: ask the next one.
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+js+")"))
		if ok {
			return
		}
		if err != nil && ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			p.t.Fatalf("never came true at %s: %s (%v)", p.path(), js, last)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// click presses the mouse on an element.
func (p *tab) click(selector string) {
	p.t.Helper()
	p.do(chromedp.Click(selector, chromedp.NodeVisible))
}

// follow clicks on a link or button that leads to another page, and waits for it.
func (p *tab) follow(selector string) {
	p.t.Helper()
	eval[bool](p, "window.left = true")
	p.click(selector)
	p.until("window.left === undefined")
	p.settled()
}

// press sends keys to whatever has the focus.
func (p *tab) press(keys string) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(keys))
}

// fill writes into a field.
func (p *tab) fill(selector, text string) {
	p.t.Helper()
	p.until(fmt.Sprintf("document.querySelector(%q)", selector))
	eval[bool](p, fmt.Sprintf("document.querySelector(%q).value = %q, true", selector, text))
}

// text returns the text of an element as it is seen.
func (p *tab) text(selector string) string {
	p.t.Helper()
	return eval[string](p, fmt.Sprintf("document.querySelector(%q).innerText", selector))
}

// count returns how many elements there are.
func (p *tab) count(selector string) int {
	p.t.Helper()
	return eval[int](p, fmt.Sprintf("document.querySelectorAll(%q).length", selector))
}

// path returns the address of the page within the site.
func (p *tab) path() string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), patienceInTests)
	defer cancel()
	at, err := chromedp.Run(ctx, chromedp.Evaluate[string]("location.pathname + location.search"))
	if err != nil {
		return err.Error()
	}
	return at
}

// param returns a parameter of the page's address.
func (p *tab) param(name string) string {
	p.t.Helper()
	u, err := url.Parse(p.path())
	if err != nil {
		p.t.Fatal(err)
	}
	return u.Query().Get(name)
}

// login logs in with a token.
func (p *tab) login(secret string) {
	p.t.Helper()
	p.open("/login")
	p.fill("#token", secret)
	p.follow("main button.primary")
}
