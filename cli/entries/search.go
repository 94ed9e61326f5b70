package entries

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"auditlog/calendar"
	"auditlog/cli/command"
	"auditlog/cli/connection"
	"auditlog/cli/exit"
	"auditlog/cli/filters"
	"auditlog/client"
	"auditlog/rpc"
)

func (a *app) search() *cobra.Command {
	return command.Parent("search", "Save searches by name, list and delete them", a.searchSave(), a.searchList(), a.searchDelete())
}

func (a *app) searchSave() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "save NAME",
		Short: "Save filters by a name, for yourself or for a project",
		Long: `Save filters by a name, in the place of a search of that name. "auditlog list --saved
NAME" and the page have it. Times are kept as they are written: 7d goes on being the last
seven days.`,
		Example: `  auditlog search save 'Blocked this week' --outcome forbidden --from 7d
  auditlog search save Deployments -p acme --share --action 'deployment.*'`,
		Args: cobra.ExactArgs(1),
	}
	f := filters.Add(cmd)
	share := cmd.Flags().Bool("share", false, "for all who may read the project, which takes its admin")
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, args []string) error {
		q, err := f.Parse(time.Now(), time.Local)
		if err != nil {
			return err
		}
		if *f.Spans["after"]+*f.Spans["before"] != "" {
			return exit.Usagef("--after, --before: cannot be saved: use --from and --to")
		}
		req := rpc.SearchSaveRequest{Name: args[0], Query: rpc.SavedQuery{
			Project: q.Project, Terms: q.Terms, Not: q.Not, From: *f.Spans["from"], To: *f.Spans["to"], Q: q.Q,
		}}
		if req.Query.From+req.Query.To != "" {
			req.Query.Zone = calendar.LocalName(time.Now())
		}
		if q.Order == rpc.OrderOldest {
			req.Query.Order = q.Order
		}
		if *share {
			if q.Project == "" {
				return exit.Usagef("--share: wants the --project that the search is for")
			}
			req.For = q.Project
		}
		_, err = c.SaveSearch(cmd.Context(), req)
		return err
	})
}

func (a *app) searchList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List the searches that you have", Args: cobra.NoArgs}
	var output string
	command.AddOutput(cmd, &output, "table", "json")
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, _ []string) error {
		list, err := c.Searches(cmd.Context())
		if err != nil {
			return err
		}
		rows := make([][]string, len(list))
		for i, s := range list {
			query, err := json.Marshal(s.Query)
			if err != nil {
				return err
			}
			rows[i] = []string{s.Name, s.For, s.SavedBy, string(query)}
		}
		return a.WriteItems(output, list, []string{"NAME", "FOR", "SAVED BY", "QUERY"}, rows)
	})
}

func (a *app) searchDelete() *cobra.Command {
	cmd := &cobra.Command{Use: "delete NAME", Short: "Delete a search of your own, or of a project", Args: cobra.ExactArgs(1)}
	project := cmd.Flags().StringP("project", "p", "", "the `project` that it is for, unless it is your own")
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, args []string) error {
		_, err := c.DeleteSearch(cmd.Context(), args[0], *project)
		return err
	})
}

// addSaved adds --saved.
func addSaved(cmd *cobra.Command) *string {
	return cmd.Flags().String("saved", "", "what the saved search of this `name` finds; other flags take the place of what it asks for")
}

// useSaved fills q, which the flags of cmd ask for, with what a saved search asks for besides.
func useSaved(ctx context.Context, cmd *cobra.Command, c *client.Client, name string, q *rpc.Query) error {
	if name == "" {
		return nil
	}
	s, err := savedSearch(ctx, c, name)
	if err != nil {
		return err
	}
	for _, field := range filters.Asked() {
		for _, terms := range []struct{ to, from *rpc.Terms }{{&q.Terms, &s.Query.Terms}, {&q.Not, &s.Query.Not}} {
			if to := terms.to.Of(field.Name); len(*to) == 0 {
				*to = *terms.from.Of(field.Name)
			}
		}
	}
	given := cmd.Flags().Changed
	if !given("project") && !given("all-projects") {
		q.Project = s.Query.Project
	}
	if !given("query") {
		q.Q = s.Query.Q
	}
	if !given("order") {
		q.Order = s.Query.Order
	}
	if given("from") || given("to") || given("after") || given("before") {
		return nil
	}
	zone, err := calendar.Zone(s.Query.Zone)
	if err != nil {
		return err
	}
	for _, t := range []struct {
		written string
		at      *time.Time
	}{{s.Query.From, &q.From}, {s.Query.To, &q.To}} {
		if t.written == "" {
			continue
		}
		if *t.at, err = calendar.ParseTime(t.written, time.Now(), zone); err != nil {
			return err
		}
	}
	return nil
}

// savedSearch returns the search of a name: one's own before those of projects.
func savedSearch(ctx context.Context, c *client.Client, name string) (*rpc.SavedSearch, error) {
	list, err := c.Searches(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for i := range list {
		if list[i].Name == name {
			return &list[i], nil
		}
		names = append(names, list[i].Name)
	}
	if len(names) == 0 {
		return nil, exit.Usagef("--saved: there is no search %q, and no other: see auditlog search save", name)
	}
	return nil, exit.Usagef("--saved: there is no search %q: there are %s", name, strings.Join(names, ", "))
}
