package filters

import (
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"auditlog/audit"
	"auditlog/calendar"
	"auditlog/cli/exit"
	"auditlog/rpc"
)

// Filters is the flags that say which entries a command is about.
type Filters struct {
	given       func(flag string) bool // on the command line
	Project     string
	AllProjects bool
	Is          rpc.Terms
	Not         []string
	Text        string
	Order       string
	Spans       map[string]*string // from, to, after, before, as they were written
}

// Add adds the flags to cmd.
func Add(cmd *cobra.Command) *Filters {
	f, fs := AddFields(cmd), cmd.Flags()
	fs.StringVar(&f.Order, "order", rpc.OrderNewest, "which come `first`: newest or oldest")
	Complete(cmd, "order", rpc.OrderNewest, rpc.OrderOldest)
	for _, s := range []struct{ name, usage string }{
		{"from", "from this `time` on: 2026-05-01, 2026-05-01T14:30:00Z, 10:00, 90m, 7d or 1y ago, yesterday"},
		{"to", "until before this `time`"},
		{"after", "after this `time`, itself excluded"},
		{"before", "before this `time`, itself excluded"},
	} {
		f.Spans[s.name] = fs.String(s.name, "", s.usage)
	}
	return f
}

// AddFields adds the flags that ask for projects, fields and words. Each field can be asked for
// several times.
func AddFields(cmd *cobra.Command) *Filters {
	fs := cmd.Flags()
	f := &Filters{given: fs.Changed, Spans: make(map[string]*string)}
	AddProject(cmd, &f.Project)
	fs.BoolVar(&f.AllProjects, "all-projects", false, "all projects that you may read, as without a project, whatever AUDITLOG_PROJECT says")
	f.AddTerms(cmd)
	return f
}

// AddTerms adds the flags that ask for what entries hold.
func (f *Filters) AddTerms(cmd *cobra.Command) {
	fs := cmd.Flags()
	for _, field := range Asked() {
		values := (*[]string)(f.Is.Of(field.Name))
		if field.Values != nil {
			fs.StringSliceVar(values, field.Flag(), nil, field.Asks)
		} else {
			fs.StringArrayVar(values, field.Flag(), nil, field.Asks)
		}
		if values := slices.Concat(slices.Sorted(maps.Keys(field.Groups)), field.Values); len(values) > 0 {
			Complete(cmd, field.Flag(), values...) // of others the server knows
		}
	}
	fs.StringArrayVar(&f.Not, "not", nil, "without what has this `field=value`: actor=ci@acme, action=deployment.*")
	fs.StringVarP(&f.Text, "query", "q", "", `only with these `+"`words`"+`; "a phrase", -without, begin*`)
}

// Asked returns the fields that filters ask for.
func Asked() []*audit.Field {
	return slices.DeleteFunc(audit.Fields(), func(f *audit.Field) bool { return f.Asked == audit.Unasked })
}

// Excluded returns what --not says.
func (f *Filters) Excluded() (not rpc.Terms, err error) {
	for _, s := range f.Not {
		name, value, ok := strings.Cut(s, "=")
		if !ok || value == "" {
			return not, exit.Usagef("--not: wants a field and a value, as in --not actor=ci@acme")
		}
		i := slices.IndexFunc(Asked(), func(f *audit.Field) bool { return f.Name == name || f.Flag() == name })
		if i < 0 {
			var names []string
			for _, field := range Asked() {
				names = append(names, field.Name)
			}
			return not, exit.Usagef("--not: %s is not something to filter by: %s are", name, strings.Join(names, ", "))
		}
		values := not.Of(Asked()[i].Name)
		*values = append(*values, value)
	}
	return not, nil
}

// Parse returns the checked filters. Times are read relative to now, in loc.
func (f *Filters) Parse(now time.Time, loc *time.Location) (rpc.Query, error) {
	fields, err := f.fields()
	if err != nil {
		return rpc.Query{}, err
	}
	q := rpc.Query{Project: fields.Project, Terms: fields.Terms, Not: fields.Not, Q: fields.Q, Order: f.Order}
	var after, before time.Time
	for name, t := range map[string]*time.Time{"from": &q.From, "to": &q.To, "after": &after, "before": &before} {
		text := *f.Spans[name]
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
		return q, FlagPath(err)
	}
	q.From, q.To = selected.From, selected.To
	return q, checked(selected)
}

// parseTime reads the time that a flag has.
func parseTime(flag, text string, now time.Time, loc *time.Location) (time.Time, error) {
	t, err := calendar.ParseTime(text, now, loc)
	if err != nil {
		return t, exit.Usagef("--%s: %w", flag, err)
	}
	return t, nil
}

// checked returns what is wrong with a query.
func checked(q audit.Query) error {
	q.Within = audit.AllProjects() // as far as one may read them
	q.Normalize()
	return FlagPath(q.Validate())
}

// fields returns the filters but for times and order.
func (f *Filters) fields() (rpc.Filters, error) {
	w := rpc.Filters{Project: f.Project, Terms: f.Is, Q: f.Text}
	if f.AllProjects {
		if f.given("project") {
			return w, exit.Usagef("--project and --all-projects contradict each other")
		}
		w.Project = ""
	}
	var err error
	w.Not, err = f.Excluded()
	return w, err
}

// Following returns the filters of what has neither times nor an order, checked.
func (f *Filters) Following() (rpc.Filters, error) {
	w, err := f.fields()
	if err != nil {
		return w, err
	}
	return w, checked(w.Query())
}

// AddProject adds --project, which the environment may name as well.
func AddProject(cmd *cobra.Command, project *string) {
	cmd.Flags().StringVarP(project, "project", "p", os.Getenv("AUDITLOG_PROJECT"), "the `project`; else AUDITLOG_PROJECT, else that of the context")
	if err := cmd.Flags().SetAnnotation("project", hasDefault, nil); err != nil {
		panic(err) // the flag is not there: a mistake in this program
	}
}

// hasDefault marks a flag --project that need not be given.
const hasDefault = "auditlog_default"

// DefaultProject gives cmd a project where it is given none: neither by its flag nor, unless it goes
// before that, by the environment.
func DefaultProject(cmd *cobra.Command, project string, beforeEnvironment bool) error {
	flag := cmd.Flags().Lookup("project")
	if flag == nil || flag.Changed || flag.Value.String() != "" && !beforeEnvironment {
		return nil
	}
	if _, ok := flag.Annotations[hasDefault]; !ok {
		return nil
	}
	return flag.Value.Set(project)
}

// Complete offers values to the shell for a flag.
func Complete(cmd *cobra.Command, flag string, values ...string) {
	CompleteWith(cmd, flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// CompleteWith offers to the shell for a flag what fn returns.
func CompleteWith(cmd *cobra.Command, flag string, fn cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, fn); err != nil {
		panic(err) // the flag is not there: a mistake in this program
	}
}

// ParseStart reads where to begin as a person in loc writes it, and writes it as a server reads it.
func ParseStart(from string, now time.Time, loc *time.Location) (rpc.Start, error) {
	if isNumber := strings.Trim(from, "0123456789") == ""; isNumber || from == "now" {
		return rpc.Start(from), nil
	}
	t, err := parseTime("from", from, now, loc)
	return rpc.Start(t.UTC().Format(time.RFC3339Nano)), err
}
