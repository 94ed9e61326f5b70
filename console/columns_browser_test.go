package console

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// widthOf returns how wide a column of the list is.
func (p *tab) widthOf(name string) float64 {
	p.t.Helper()
	return eval[float64](p, fmt.Sprintf("document.querySelector('#entries th.c-%s').getBoundingClientRect().width", name))
}

// drag moves the mouse from the middle of an element to the right by so many pixels.
func (p *tab) drag(selector string, by float64) {
	p.t.Helper()
	x := eval[float64](p, fmt.Sprintf("(() => { const b = document.querySelector(%q).getBoundingClientRect(); return b.left + b.width / 2 })()", selector))
	y := eval[float64](p, fmt.Sprintf("(() => { const b = document.querySelector(%q).getBoundingClientRect(); return b.top + b.height / 2 })()", selector))
	send := func(kind input.DispatchMouseEventType, x float64) {
		p.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			_, err := cdp.Call(ctx, target, input.DispatchMouseEvent, input.DispatchMouseEventParams{
				Type: kind, X: x, Y: y, Button: input.MouseButtonLeft, Buttons: 1, ClickCount: 1,
			})
			return err
		}))
	}
	send(input.DispatchMouseEventTypeMousePressed, x)
	send(input.DispatchMouseEventTypeMouseMoved, x+by/2)
	send(input.DispatchMouseEventTypeMouseMoved, x+by)
	send(input.DispatchMouseEventTypeMouseReleased, x+by)
}

// The edge of a column is dragged or moved by keys, and stays where it was put.
func TestBrowserColumnWidths(t *testing.T) {
	t.Parallel()
	p := demoSite(t).tab(t)
	p.do(chromedp.EmulateViewport(1280, 800))
	p.open("/logs?project=acme")
	if wide := p.widthOf("detail"); wide < 200 {
		t.Errorf("at 1,280 pixels the detail has %.0f", wide)
	}
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 2 {
			t.Errorf("%s: %.0f pixels wide, want %.0f", what, got, want)
		}
	}
	action, resource, detail := p.widthOf("action"), p.widthOf("resource"), p.widthOf("detail")
	p.drag(".c-action .grip", 40)
	near("dragged", p.widthOf("action"), action+40)
	near("beside it", p.widthOf("resource"), resource-40)
	near("further on", p.widthOf("detail"), detail)
	p.open("/logs?project=acme&range=30d")
	near("on another page", p.widthOf("action"), action+40)
	eval[bool](p, "document.querySelector('.c-action .grip').focus(), true")
	p.press(kb.ArrowLeft)
	near("by the keyboard", p.widthOf("action"), action+24)
	if got := eval[string](p, "document.activeElement.ariaValueNow"); got == "0" || got == "" {
		t.Errorf("the width is told as %q", got)
	}
	p.drag(".c-action .grip", -600)
	if wide := p.widthOf("action"); wide < 47 {
		t.Errorf("a column is made %.0f pixels wide", wide)
	}
	for _, width := range []int64{1440, 1100, 900, 700, 500, 320} {
		p.do(chromedp.EmulateViewport(width, 800))
		p.open("/logs?project=acme")
		if got := eval[int64](p, "document.documentElement.scrollWidth"); got > width {
			t.Errorf("at %d pixels the page is %d wide", width, got)
		}
	}
	p.do(chromedp.EmulateViewport(1280, 800))
	p.open("/logs?project=acme")
	p.click(".columns-menu summary")
	p.click("#usual-widths")
	near("as usual", p.widthOf("action"), action)
}

// Which columns there are is chosen, and kept.
func TestBrowserColumnsChosen(t *testing.T) {
	t.Parallel()
	p := demoSite(t).tab(t)
	p.open("/logs?project=acme")
	p.click(".columns-menu summary")
	p.click(".columns-menu [value=channel]")
	p.click(".columns-menu [value=ip]")
	p.follow(".columns-menu .primary")
	p.open("/logs?project=acme&outcome=error")
	if p.count("th.c-channel") != 0 || p.count("th.c-ip") != 1 || p.count("td.c-ip") < 10 {
		t.Error("the columns are not those that were chosen")
	}
	rows := p.count("#rows tr")
	p.until("document.querySelector('#older')")
	eval[bool](p, "document.querySelector('#older').click(), true")
	p.until(fmt.Sprintf("document.querySelectorAll('#rows tr').length > %d", rows))
	if cells, heads := p.count("#rows tr:last-child td"), p.count("#entries thead th"); cells != heads {
		t.Errorf("rows that come later have %d columns of %d", cells, heads)
	}
}

// On paper nothing of the list is cut, and what happened has room.
func TestBrowserPrint(t *testing.T) {
	t.Parallel()
	p := demoSite(t).tab(t)
	p.do(chromedp.EmulateViewport(720, 1000))
	p.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
		return err
	}))
	for _, project := range []string{"acme", ""} {
		p.open("/logs?project=" + project)
		if wide, all := p.widthOf("detail"), eval[float64](p, "document.querySelector('#entries').getBoundingClientRect().width"); wide < all/5 {
			t.Errorf("project %q: the detail has %.0f of %.0f pixels", project, wide, all)
		}
		if cut := eval[string](p, `[...document.querySelectorAll('#entries td')].filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent).join()`); cut != "" {
			t.Errorf("project %q: cut is %q", project, cut)
		}
		if wide := eval[int](p, "document.documentElement.scrollWidth"); wide > 720 {
			t.Errorf("project %q: the page is %d pixels wide", project, wide)
		}
		if p.count(".top") != 1 || eval[string](p, "getComputedStyle(document.querySelector('.top')).display") != "none" {
			t.Errorf("project %q: the navigation is printed", project)
		}
	}
}
