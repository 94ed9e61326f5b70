package entries

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"auditlog/audit"
	"auditlog/cli/command"
	"auditlog/cli/connection"
	"auditlog/cli/exit"
	"auditlog/cli/filters"
	"auditlog/client"
	"auditlog/spell"
)

func (a *app) get() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "get ID",
		Short:   "Show one entry, whole",
		Example: `  auditlog get -p acme 184467`,
		Args:    cobra.ExactArgs(1),
	}
	var project, output string
	filters.AddProject(cmd, &project)
	command.AddOutput(cmd, &output, "text", "json")
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, args []string) error {
		id, err := strconv.ParseInt(args[0], 10, 64)
		if err != nil || id < 1 {
			return exit.Usagef("%q is not the id of an entry", args[0])
		}
		if err := audit.ValidateProject(project); err != nil {
			return filters.FlagPath(err)
		}
		if output != "text" && output != "json" {
			return exit.Usagef("--output: must be text or json")
		}
		e, err := c.Get(cmd.Context(), project, id)
		if err != nil {
			return err
		}
		text := string(e.AppendJSON(nil)) + "\n"
		if output == "text" {
			text = entryText(e, time.Local)
		}
		_, err = fmt.Fprint(a.Out(output), text)
		return err
	})
}

// entryText returns everything that e says, for a person to read.
func entryText(e *audit.Entry, loc *time.Location) string {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-12s %s\n", name, spell.Text(value))
		}
	}
	at := func(t time.Time) string { return t.In(loc).Format("2006-01-02T15:04:05.000000Z07:00") }
	line("id", strconv.FormatInt(e.ID, 10))
	line("seq", strconv.FormatInt(e.Seq, 10))
	line("project", e.Project)
	line("created", at(e.CreatedAt))
	line("recorded", at(e.RecordedAt))
	for _, f := range audit.Fields() {
		switch f.Path {
		case "project":
		case "actor.email":
			line(f.Title, spell.Name(e.Actor.Email))
		default:
			line(f.Title, *f.Of(e))
		}
	}
	for _, c := range e.Changes {
		line("change", fmt.Sprintf("%s: %q to %q", c.Field, c.Old, c.New))
	}
	for _, m := range sortedMetadata(e.Metadata) {
		line("metadata", m)
	}
	return b.String()
}

// sortedMetadata returns the members of m as "name=value", by name.
func sortedMetadata(m map[string]string) []string {
	var members []string
	for name, value := range m {
		members = append(members, name+"="+value)
	}
	slices.Sort(members)
	return members
}
