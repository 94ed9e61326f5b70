package command

import (
	"fmt"
	"io"
	"time"

	"auditlog/cli/terminal"
	"auditlog/spell"
)

// Progress shows on a terminal how far long work has come. On anything else it
// shows nothing.
type Progress struct {
	w    io.Writer // nil shows nothing
	last time.Time
}

// eraseLine takes back what the last line of a terminal shows.
const eraseLine = "\r\x1b[K"

// Progress returns one on standard error, unless that is no terminal, or the one
// that data streams to.
func (r *Run) Progress(streams bool) *Progress {
	if _, ok := terminal.Width(r.Stderr); !ok {
		return &Progress{}
	}
	if _, shared := terminal.Width(r.Stdout); streams && shared {
		return &Progress{}
	}
	return &Progress{w: terminal.Unguarded(r.Stderr)}
}

// Show replaces what is shown, at most ten times a second.
func (p *Progress) Show(format string, args ...any) {
	if p.w == nil || time.Since(p.last) < 100*time.Millisecond {
		return
	}
	p.last = time.Now()
	fmt.Fprint(p.w, eraseLine+spell.Text(fmt.Sprintf(format, args...)))
}

// Done takes back what is shown.
func (p *Progress) Done() {
	if p.w != nil && !p.last.IsZero() {
		io.WriteString(p.w, eraseLine)
	}
}

// Counter shows the progress of what is written through it to W.
type Counter struct {
	W        io.Writer
	Progress *Progress
	// Bytes is how many there were.
	Bytes int64
}

func (c *Counter) Write(b []byte) (int, error) {
	n, err := c.W.Write(b)
	c.Bytes += int64(n)
	c.Progress.Show("%.1f MB", float64(c.Bytes)/1e6)
	return n, err
}
