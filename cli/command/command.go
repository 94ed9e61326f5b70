package command

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"auditlog/cli/exit"
	"auditlog/cli/filters"
	"auditlog/cli/output"
	"auditlog/cli/terminal"
)

// Run is one run of the program: where it reads and writes. What goes to a terminal is guarded.
type Run struct {
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
}

// Out returns standard output for data in a format: as it is, unless a terminal shows it.
func (r *Run) Out(format string) io.Writer {
	if g, ok := r.Stdout.(*terminal.Guard); ok {
		g.Format = format
	}
	return r.Stdout
}

// WriteTo gives fn the file at path to write, or standard output: see output.Write.
func (r *Run) WriteTo(ctx context.Context, path, format string, fn func(io.Writer) error) error {
	if path == "" || path == "-" || path == "/dev/stdout" {
		return fn(r.Out(format))
	}
	return output.Write(ctx, path, format, fn)
}

// WriteItems writes what a method lists: as a table of rows, or as JSON.
func (r *Run) WriteItems(output string, items any, titles []string, rows [][]string) error {
	switch output {
	case "json":
		return json.NewEncoder(r.Out(output)).Encode(items)
	case "table":
		limit, _ := terminal.Width(r.Stdout)
		t := &terminal.Table{W: r.Stdout, Limit: limit, Fixed: 1, Titles: titles}
		return t.Write(rows)
	}
	return exit.Usagef("--output: must be table or json")
}

// Explain writes what went wrong, whose words are spelled out already.
func (r *Run) Explain(err error) {
	text := exit.Explain(err)
	if !terminal.Coloured(r.Stderr) {
		io.WriteString(r.Stderr, text)
		return
	}
	text = strings.Replace(text, "auditlog: error:", "auditlog: "+terminal.Red.Of("error:"), 1)
	text = strings.Replace(text, "\nauditlog: hint:", "\nauditlog: "+terminal.Bold.Of("hint:"), 1)
	io.WriteString(terminal.Unguarded(r.Stderr), text)
}

// Parent returns a command that holds others and does nothing itself.
func Parent(name, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: name, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(commands...)
	return cmd
}

// AddOutput adds -o with the formats that it takes, the default first.
func AddOutput(cmd *cobra.Command, output *string, formats ...string) {
	usage := "the `format`: " + formats[0]
	for i, f := range formats[1:] {
		if i == len(formats)-2 {
			usage += " or " + f
		} else {
			usage += ", " + f
		}
	}
	cmd.Flags().StringVarP(output, "output", "o", formats[0], usage)
	filters.Complete(cmd, "output", formats...)
}

// Day returns the day of t in this machine's zone, or "never".
func Day(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.In(time.Local).Format(time.DateOnly)
}
