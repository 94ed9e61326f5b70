package help

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"auditlog/audit"
	"auditlog/cli/connection"
	"auditlog/cli/filters"
	"auditlog/client"
	"auditlog/rpc"
	"auditlog/spell"
)

// completeIn is how long the shell waits for what a server knows. One that is away, or will not
// say, offers nothing and does not say why: somebody is in the middle of a line.
const completeIn = 700 * time.Millisecond

// choice is what may be meant, with what the shell shows beside it.
type choice struct{ value, about string }

// choices is where they come from, for a project or for all of them.
type choices func(ctx context.Context, c *client.Client, project string) ([]choice, error)

// complete has the shell ask the server what there is, for the flags and arguments of all
// commands below root.
func complete(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		complete(cmd)
	}
	if root.Flags().Lookup("context") == nil {
		return // it asks no server
	}
	sources := map[string]choices{"project": projectChoices}
	for _, field := range filters.Asked() {
		if len(field.Values) == 0 {
			sources[field.Flag()] = fieldChoices(field.Name)
		}
	}
	for flag, from := range sources {
		if _, there := root.GetFlagCompletionFunc(flag); !there && root.Flags().Lookup(flag) != nil {
			filters.CompleteWith(root, flag, choose(from))
		}
	}
	if _, there := root.GetFlagCompletionFunc("context"); !there {
		filters.CompleteWith(root, "context", func(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
			return connection.CompleteContexts(cmd, nil, typed)
		})
	}
	if from := argumentOf(root); from != nil && root.ValidArgsFunction == nil {
		root.ValidArgsFunction = func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return choose(from)(cmd, args, typed)
		}
	}
}

// argumentOf returns what the argument of a command is chosen from, nil where nobody knows.
func argumentOf(cmd *cobra.Command) choices {
	_, argument, _ := strings.Cut(cmd.Use, " ")
	argument, _, _ = strings.Cut(argument, " ")
	switch {
	case argument == "PROJECT" && cmd.Name() != "create":
		return projectChoices
	case argument == "NAME" && cmd.HasParent() && cmd.Parent().Name() == "sink" && cmd.Name() != "create":
		return sinkChoices
	case argument == "NAME" && cmd.HasParent() && cmd.Parent().Name() == "search" && cmd.Name() != "save":
		return searchChoices
	case argument == "ID" && cmd.HasParent() && cmd.Parent().Name() == "token":
		return tokenChoices
	}
	return nil
}

// choose offers what of a source begins as what is typed.
func choose(from choices) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		const directive = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
		ctx, cancel := context.WithTimeout(context.Background(), completeIn)
		defer cancel()
		c, err := connection.Typed(ctx, cmd)
		if err != nil {
			return nil, directive
		}
		c.Tries = 1
		project := ""
		if f := cmd.Flags().Lookup("project"); f != nil && f.Value.Type() == "string" {
			project = f.Value.String()
		}
		found, err := from(ctx, c, project)
		if err != nil {
			return nil, directive
		}
		var offered []string
		for _, ch := range found {
			// What would steer a terminal, or break the line, is not offered.
			if strings.HasPrefix(ch.value, typed) && spell.Text(ch.value) == ch.value && !strings.ContainsAny(ch.value, "\t\n") {
				offered = append(offered, cobra.CompletionWithDesc(ch.value, ch.about))
			}
		}
		return offered, directive
	}
}

func projectChoices(ctx context.Context, c *client.Client, _ string) (list []choice, err error) {
	projects, err := c.Projects(ctx)
	for _, p := range projects {
		list = append(list, choice{p.Project, entriesIn(p.Entries)})
	}
	return list, err
}

func sinkChoices(ctx context.Context, c *client.Client, _ string) (list []choice, err error) {
	sinks, err := c.Sinks(ctx)
	for _, s := range sinks {
		list = append(list, choice{s.Name, s.State})
	}
	return list, err
}

func tokenChoices(ctx context.Context, c *client.Client, _ string) (list []choice, err error) {
	tokens, err := c.Tokens(ctx)
	for _, t := range tokens {
		if t.RevokedAt.IsZero() {
			list = append(list, choice{t.ID, spell.Name(t.Owner) + " " + t.Name})
		}
	}
	return list, err
}

func searchChoices(ctx context.Context, c *client.Client, _ string) (list []choice, err error) {
	searches, err := c.Searches(ctx)
	for _, s := range searches {
		list = append(list, choice{s.Name, s.For})
	}
	return list, err
}

// fieldChoices returns the values of a field that occur, the most frequent first, as far as the
// log counts them.
func fieldChoices(field string) choices {
	return func(ctx context.Context, c *client.Client, project string) (list []choice, err error) {
		switch field {
		case "actor", "action", "resourceType":
		default:
			return nil, nil
		}
		res, err := c.Stats(ctx, rpc.StatsRequest{Query: rpc.Query{Project: project}, Buckets: 1, Top: audit.MaxTop})
		values := map[string]rpc.TopValues{"actor": res.Actors, "action": res.Actions, "resourceType": res.Types}[field]
		for _, v := range values.Top {
			list = append(list, choice{v.Value, entriesIn(v.Count)})
		}
		return list, err
	}
}

// entriesIn says how many entries there are.
func entriesIn(n int64) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}
