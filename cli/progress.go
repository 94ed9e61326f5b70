package cli

import (
	"fmt"
	"io"
	"time"

	"auditlog/cli/terminal"
	"auditlog/spell"
)

// progress shows on a terminal how far long work has come. On anything else it
// shows nothing.
type progress struct {
	w    io.Writer // nil shows nothing
	last time.Time
}

// eraseLine takes back what the last line of a terminal shows.
const eraseLine = "\r\x1b[K"

// progress returns one on standard error, unless that is no terminal, or the one
// that data streams to.
func (a *app) progress(streams bool) *progress {
	if _, ok := terminal.Width(a.stderr); !ok {
		return &progress{}
	}
	if _, shared := terminal.Width(a.stdout); streams && shared {
		return &progress{}
	}
	return &progress{w: terminal.Unguarded(a.stderr)}
}

// show replaces what is shown, at most ten times a second.
func (p *progress) show(format string, args ...any) {
	if p.w == nil || time.Since(p.last) < 100*time.Millisecond {
		return
	}
	p.last = time.Now()
	fmt.Fprint(p.w, eraseLine+spell.Text(fmt.Sprintf(format, args...)))
}

// done takes back what is shown.
func (p *progress) done() {
	if p.w != nil && !p.last.IsZero() {
		io.WriteString(p.w, eraseLine)
	}
}

// counter shows the progress of what is written through it.
type counter struct {
	w        io.Writer
	progress *progress
	bytes    int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.bytes += int64(n)
	c.progress.show("%.1f MB", float64(c.bytes)/1e6)
	return n, err
}
