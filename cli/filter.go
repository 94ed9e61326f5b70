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
	query rpc.Query
	spans map[string]*string // from, to, after, before, as they were written
}

// addFilter adds the flags to cmd.
func addFilter(cmd *cobra.Command) *filter {
	f := &filter{spans: make(map[string]*string)}
	fs := cmd.Flags()
	addProject(cmd, &f.query.Project)
	fs.StringVar(&f.query.ResourceType, "resource-type", "", "only of this `type` of resource")
	fs.StringVar(&f.query.ResourceID, "resource-id", "", "only of the resource with this `id`, also among several of a call")
	fs.StringVar(&f.query.Action, "action", "", "only this `action`, or deployment.* for all that begin so")
	fs.StringSliceVar((*[]string)(&f.query.Outcome), "outcome", nil, "only these `outcomes`: success, forbidden, error; failure is the last two")
	fs.StringVar(&f.query.Actor, "actor", "", "only by this `actor`")
	fs.StringVar(&f.query.ActorType, "actor-type", "", "only by this `type` of actor: User or ServiceAccount")
	fs.StringVar(&f.query.Channel, "channel", "", "only through this `channel`: api, console, cli or mcp")
	fs.StringVar(&f.query.RecordedBy, "recorded-by", "", "only recorded with the token of this `id`; auditlog: the log's own entries")
	fs.StringVarP(&f.query.Q, "query", "q", "", `only with these `+"`words`"+`; "a phrase", -without, begin*`)
	for _, s := range []struct{ name, usage string }{
		{"from", "from this `time` on: 2026-05-01, 2026-05-01T14:30:00Z, 24h or 7d ago, yesterday"},
		{"to", "until before this `time`"},
		{"after", "after this `time`, itself excluded"},
		{"before", "before this `time`, itself excluded"},
	} {
		f.spans[s.name] = fs.String(s.name, "", s.usage)
	}
	complete(cmd, "outcome", rpc.Failure, string(audit.Success), string(audit.Forbidden), string(audit.Error))
	complete(cmd, "channel", channelNames()...)
	complete(cmd, "actor-type", string(audit.User), string(audit.ServiceAccount))
	return f
}

// parse returns the checked filters. Times are read relative to now, in loc.
func (f *filter) parse(now time.Time, loc *time.Location) (rpc.Query, error) {
	q := f.query
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
	selected, err := q.Query()
	if err == nil {
		err = selected.Between(after, before)
	}
	if err != nil {
		return q, flagPath(err)
	}
	q.From, q.To = selected.From, selected.To
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

func channelNames() []string {
	var names []string
	for _, c := range audit.Channels() {
		names = append(names, string(c))
	}
	return names
}
