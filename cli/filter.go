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

// addFilter adds the flags to cmd.
func addFilter(cmd *cobra.Command) *filter {
	f, fs := addFields(cmd), cmd.Flags()
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

// addFields adds the flags that ask for projects, fields and words. Each field can be asked for
// several times.
func addFields(cmd *cobra.Command) *filter {
	fs := cmd.Flags()
	f := &filter{given: fs.Changed, spans: make(map[string]*string)}
	addProject(cmd, &f.project)
	fs.BoolVar(&f.allProjects, "all-projects", false, "all projects that you may read, as without a project, whatever AUDITLOG_PROJECT says")
	f.addTerms(cmd)
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
	fields, err := f.fields()
	if err != nil {
		return rpc.Query{}, err
	}
	q := rpc.Query{Project: fields.Project, Terms: fields.Terms, Not: fields.Not, Q: fields.Q, Order: f.order}
	var after, before time.Time
	for name, t := range map[string]*time.Time{"from": &q.From, "to": &q.To, "after": &after, "before": &before} {
		text := *f.spans[name]
		if text == "" {
			continue
		}
		var err error
		if *t, err = parseTime(name, text, now, loc); err != nil {
			return q, err
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
	return q, checked(selected)
}

// parseTime reads the time that a flag has.
func parseTime(flag, text string, now time.Time, loc *time.Location) (time.Time, error) {
	t, err := calendar.ParseTime(text, now, loc)
	if err != nil {
		return t, usagef("--%s: %w", flag, err)
	}
	return t, nil
}

// checked returns what is wrong with a query.
func checked(q audit.Query) error {
	q.Within = audit.AllProjects() // as far as one may read them
	q.Normalize()
	return flagPath(q.Validate())
}

// fields returns the filters but for times and order.
func (f *filter) fields() (rpc.Filters, error) {
	w := rpc.Filters{Project: f.project, Terms: f.is, Q: f.text}
	if f.allProjects {
		if f.given("project") {
			return w, usagef("--project and --all-projects contradict each other")
		}
		w.Project = ""
	}
	var err error
	w.Not, err = f.excluded()
	return w, err
}

// following returns the filters of what has neither times nor an order, checked.
func (f *filter) following() (rpc.Filters, error) {
	w, err := f.fields()
	if err != nil {
		return w, err
	}
	return w, checked(w.Query())
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
