package entries

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"auditlog/audit"
	"auditlog/cli/build"
	"auditlog/cli/command"
	"auditlog/cli/connection"
	"auditlog/cli/exit"
	"auditlog/cli/filters"
	"auditlog/cli/terminal"
	"auditlog/client"
	"auditlog/format"
	"auditlog/pull"
	"auditlog/rpc"
	"auditlog/spell"
)

func (a *app) follow() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "follow",
		Short: "Show entries as they are recorded, like tail -f",
		Long: `Show entries as they are recorded, until it is interrupted. It goes on by itself
where it was when the connection breaks or the server is started anew.`,
		Example: `  auditlog follow -p acme --outcome failure
  auditlog follow -p acme --from 15m -q 'rollback'
  auditlog follow --all-projects -o ndjson --format ecs | vector --config siem.toml`,
		Args: cobra.NoArgs,
	}
	f := filters.AddFields(cmd)
	var from, output, name string
	cmd.Flags().StringVar(&from, "from", "now", "begin with what was recorded from this `time` on, as 15m or yesterday, or with the entry of this number")
	cmd.Flags().StringVar(&name, "format", format.JSON.Name, "of -o ndjson: the `format` of each line, "+strings.Join(format.Names(), ", "))
	filters.Complete(cmd, "format", format.Names()...)
	command.AddOutput(cmd, &output, "lines", "ndjson")
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, _ []string) error {
		asked, err := f.Following()
		if err != nil {
			return err
		}
		show, err := a.follower(output, name, cmd.Flags().Changed("format"), asked.Project == "")
		if err != nil {
			return err
		}
		start, err := filters.ParseStart(from, time.Now(), time.Local)
		if err != nil {
			return err
		}
		if err := c.Ready(cmd.Context()); err != nil {
			return err // from here on it waits for a server that is away
		}
		c.Tries = math.MaxInt
		for ev, err := range c.Follow(cmd.Context(), rpc.FollowRequest{Filters: asked, From: start}) {
			if err != nil {
				return filters.FlagPath(err)
			}
			if r := cmp.Or(ev.Damaged, ev.Lost); r != nil {
				fmt.Fprintf(a.Stderr, "auditlog: entries %d to %d cannot be read: the log is damaged, or was\n", r.From, r.To)
			}
			if ev.Entry == nil {
				continue
			}
			if err := show(ev); err != nil {
				return err
			}
		}
		return nil
	})
}

// follower returns what shows an entry that came.
func (a *app) follower(output, name string, formatted, all bool) (func(client.Event) error, error) {
	f, err := format.Parse(name)
	switch {
	case err != nil:
		return nil, filters.FlagPath(err)
	case output == "ndjson":
		out := a.Out(guardFormat(rpc.FormatNDJSON))
		if f.Text {
			out = a.Out("text")
		}
		return (&formatLines{w: out, f: f}).show, nil
	case output != "lines":
		return nil, exit.Usagef("--output: must be lines or ndjson")
	case formatted:
		return nil, exit.Usagef("--format: is of -o ndjson")
	}
	l := &liveLines{w: a.Stdout, loc: time.UTC, layout: time.RFC3339, project: all}
	if _, ok := terminal.Width(a.Stdout); ok {
		l.w, l.loc, l.layout = terminal.Unguarded(a.Stdout), time.Local, time.DateTime
		l.colours = terminal.Coloured(a.Stdout)
	}
	return l.show, nil
}

// formatLines writes an entry a line in a format.
type formatLines struct {
	w   io.Writer
	f   *format.Format
	buf []byte
}

func (l *formatLines) show(ev client.Event) error {
	o := format.Origin{Version: build.Version()}
	if c, ok := pull.ParseCursor(ev.Cursor); ok {
		o.Log = c.Log
	}
	l.buf = append(l.f.Append(l.buf[:0], &o, ev.Entry), '\n')
	_, err := l.w.Write(l.buf)
	return err
}

// liveLines writes entries for people, a line each, with every value spelled out, since it
// colours them itself.
type liveLines struct {
	w       io.Writer
	loc     *time.Location
	layout  string
	project bool // there are several
	colours bool
}

func (l *liveLines) show(ev client.Event) error {
	e := ev.Entry
	var b strings.Builder
	l.add(&b, terminal.Dim, e.CreatedAt.In(l.loc).Format(l.layout))
	if l.project {
		l.add(&b, "", spell.Text(e.Project))
	}
	outcome := spell.Text(string(e.Outcome))
	l.add(&b, colourOf(e.Outcome), outcome+strings.Repeat(" ", max(0, len(audit.Forbidden)-len(outcome))))
	l.add(&b, "", spell.Text(actor(e)))
	l.add(&b, terminal.Bold, spell.Text(e.Action))
	l.add(&b, "", spell.Text(resource(e)))
	l.add(&b, terminal.Dim, spell.Text(e.Detail))
	_, err := io.WriteString(l.w, b.String()+"\n")
	return err
}

// add adds a value behind those before it.
func (l *liveLines) add(b *strings.Builder, colour terminal.Colour, value string) {
	if value == "" {
		return
	}
	if b.Len() > 0 {
		b.WriteString(terminal.Gap)
	}
	if !l.colours {
		colour = ""
	}
	b.WriteString(colour.Of(value))
}
