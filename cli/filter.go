package cli

import (
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"auditlog/audit"
	"auditlog/calendar"
	"auditlog/rpc"
)

// filter is the flags that say which entries a command is about.
type filter struct {
	given       func(flag string) bool // on the command line
	project     string
	allProjects bool
	is          rpc.Terms
	not         []string
	text        string
	order       string
	spans       map[string]*string // from, to, after, before, as they were written
}

// addFilter adds the flags to cmd. Each field can be asked for several times.
func addFilter(cmd *cobra.Command) *filter {
	fs := cmd.Flags()
	f := &filter{given: fs.Changed, spans: make(map[string]*string)}
	addProject(cmd, &f.project)
	fs.BoolVar(&f.allProjects, "all-projects", false, "all projects that you may read, as without a project, whatever AUDITLOG_PROJECT says")
	f.addTerms(cmd)
	fs.StringVar(&f.order, "order", rpc.OrderNewest, "which come `first`: newest or oldest")
	complete(cmd, "order", rpc.OrderNewest, rpc.OrderOldest)
	for _, s := range []struct{ name, usage string }{
		{"from", "from this `time` on: 2026-05-01, 2026-05-01T14:30:00Z, 24h or 7d ago, yesterday"},
		{"to", "until before this `time`"},
		{"after", "after this `time`, itself excluded"},
		{"before", "before this `time`, itself excluded"},
	} {
		f.spans[s.name] = fs.String(s.name, "", s.usage)
	}
	return f
}

// addTerms adds the flags that ask for what entries hold.
func (f *filter) addTerms(cmd *cobra.Command) {
	fs := cmd.Flags()
	for _, field := range asked() {
		values := (*[]string)(f.is.Of(field.Name))
		if field.Values != nil {
			fs.StringSliceVar(values, field.Flag(), nil, field.Asks)
		} else {
			fs.StringArrayVar(values, field.Flag(), nil, field.Asks)
		}
		complete(cmd, field.Flag(), slices.Concat(slices.Sorted(maps.Keys(field.Groups)), field.Values)...)
	}
	fs.StringArrayVar(&f.not, "not", nil, "without what has this `field=value`: actor=ci@acme, action=deployment.*")
	fs.StringVarP(&f.text, "query", "q", "", `only with these `+"`words`"+`; "a phrase", -without, begin*`)
}

// asked returns the fields that filters ask for.
func asked() []*audit.Field {
	return slices.DeleteFunc(audit.Fields(), func(f *audit.Field) bool { return f.Asked == audit.Unasked })
}

// excluded returns what --not says.
func (f *filter) excluded() (not rpc.Terms, err error) {
	for _, s := range f.not {
		name, value, ok := strings.Cut(s, "=")
		if !ok || value == "" {
			return not, usagef("--not: wants a field and a value, as in --not actor=ci@acme")
		}
		i := slices.IndexFunc(asked(), func(f *audit.Field) bool { return f.Name == name || f.Flag() == name })
		if i < 0 {
			var names []string
			for _, field := range asked() {
				names = append(names, field.Name)
			}
			return not, usagef("--not: %s is not something to filter by: %s are", name, strings.Join(names, ", "))
		}
		values := not.Of(asked()[i].Name)
		*values = append(*values, value)
	}
	return not, nil
}

// parse returns the checked filters. Times are read relative to now, in loc.
func (f *filter) parse(now time.Time, loc *time.Location) (rpc.Query, error) {
	q := rpc.Query{Project: f.project, Terms: f.is, Q: f.text, Order: f.order}
	if f.allProjects {
		if f.given("project") {
			return q, usagef("--project and --all-projects contradict each other")
		}
		q.Project = ""
	}
	var err error
	if q.Not, err = f.excluded(); err != nil {
		return q, err
	}
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
	selected.Within = audit.AllProjects() // as far as one may read them
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
