package cli

import (
	"os"
	"time"

	"github.com/spf13/cobra"

	"auditlog/audit"
	"auditlog/calendar"
	"auditlog/rpc"
)

// filter is the flags that say which entries a command is about.
type filter struct {
	asked   audit.Query // project and the fields that ask for one value
	outcome []string
	text    string
	spans   map[string]*string // from, to, after, before, as they were written
}

// addFilter adds the flags to cmd.
func addFilter(cmd *cobra.Command) *filter {
	f := &filter{spans: make(map[string]*string)}
	fs := cmd.Flags()
	addProject(cmd, &f.asked.Project)
	for _, field := range audit.Fields() {
		if value := field.Filter(&f.asked); value != nil && field.Asks != "" {
			fs.StringVar(value, field.Flag(), "", field.Asks)
			complete(cmd, field.Flag(), field.Values...)
		}
	}
	fs.StringSliceVar(&f.outcome, "outcome", nil, "only these `outcomes`: success, forbidden, error; failure is the last two")
	fs.StringVarP(&f.text, "query", "q", "", `only with these `+"`words`"+`; "a phrase", -without, begin*`)
	for _, s := range []struct{ name, usage string }{
		{"from", "from this `time` on: 2026-05-01, 2026-05-01T14:30:00Z, 24h or 7d ago, yesterday"},
		{"to", "until before this `time`"},
		{"after", "after this `time`, itself excluded"},
		{"before", "before this `time`, itself excluded"},
	} {
		f.spans[s.name] = fs.String(s.name, "", s.usage)
	}
	complete(cmd, "outcome", rpc.Failure, string(audit.Success), string(audit.Forbidden), string(audit.Error))
	return f
}

// parse returns the checked filters. Times are read relative to now, in loc.
func (f *filter) parse(now time.Time, loc *time.Location) (rpc.Query, error) {
	q := rpc.QueryOf(f.asked)
	q.Outcome, q.Q = f.outcome, f.text
	var after, before time.Time
	for name, t := range map[string]*time.Time{"from": &q.From, "to": &q.To, "after": &after, "before": &before} {
		text := *f.spans[name]
		if text == "" {
			continue
		}
		var err error
		if *t, err = calendar.ParseTime(text, now, loc); err != nil {
			return q, usagef("--%s: %w", name, err)
		}
	}
	selected := q.Query()
	if err := selected.Between(after, before); err != nil {
		return q, flagPath(err)
	}
	q.From, q.To = selected.From, selected.To
	selected.Normalize()
	if err := selected.Validate(); err != nil {
		return q, flagPath(err)
	}
	return q, nil
}

// addProject adds --project, which the environment may name as well.
func addProject(cmd *cobra.Command, project *string) {
	cmd.Flags().StringVarP(project, "project", "p", os.Getenv("AUDITLOG_PROJECT"), "the `project`; else AUDITLOG_PROJECT")
}

// complete offers values to the shell for a flag.
func complete(cmd *cobra.Command, flag string, values ...string) {
	err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(err) // the flag is not there: a mistake in this program
	}
}
