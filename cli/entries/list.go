package entries

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"auditlog/audit"
	"auditlog/cli/command"
	"auditlog/cli/connection"
	"auditlog/cli/exit"
	"auditlog/cli/filters"
	"auditlog/client"
	"auditlog/rpc"
	"auditlog/spell"
)

func (a *app) list() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List entries, of a project or of all that you may read",
		Example: `  auditlog list -p acme --from yesterday --outcome failure
  auditlog list --actor ada@example.com --order oldest
  auditlog list -p acme --action 'deployment.*' -q 'revision -rollback' -o ndjson`,
		Args: cobra.NoArgs,
	}
	f := filters.Add(cmd)
	saved := addSaved(cmd)
	var limit int
	var all bool
	var output string
	cmd.Flags().IntVarP(&limit, "limit", "n", audit.DefaultLimit, "at most so `many` entries")
	cmd.Flags().BoolVar(&all, "all", false, "all of them")
	command.AddOutput(cmd, &output, "table", "json", "ndjson", "csv")
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, _ []string) error {
		q, err := f.Parse(time.Now(), time.Local)
		if err == nil {
			err = useSaved(cmd.Context(), cmd, c, *saved, &q)
		}
		if err != nil {
			return err
		}
		switch {
		case all && cmd.Flags().Changed("limit"):
			return exit.Usagef("--all and --limit contradict each other")
		case all:
			limit = 0
		case limit < 1:
			return exit.Usagef("--limit: must be 1 or more")
		}
		w, err := a.entryWriter(output, q.Project == "")
		if err != nil {
			return err
		}
		more, none, err := writeList(cmd.Context(), w, c, q, limit)
		if none && err == nil {
			a.noteUnknown(cmd.Context(), c, q.Project)
		}
		if more {
			fmt.Fprintf(a.Stderr, "auditlog: there are more than these %d: see --limit and --all\n", limit)
		}
		return err
	})
}

// noteUnknown says on standard error when nothing was ever recorded to a project, so that a
// name that is written wrongly does not pass for a quiet project.
func (a *app) noteUnknown(ctx context.Context, c *client.Client, project string) {
	if project == "" {
		return
	}
	if _, err := c.Project(ctx, project); audit.KindOf(err) == audit.NotFound {
		fmt.Fprintf(a.Stderr, "auditlog: nothing was ever recorded to the project %s\n", exit.OneLine(project))
	}
}

// writeList writes at most limit entries, or all of them if that is 0, and
// reports whether there are more, and whether there is none. Where some are missing from the
// log, it writes all others, and the error says so.
func writeList(ctx context.Context, w pageWriter, c *client.Client, q rpc.Query, limit int) (more, none bool, err error) {
	req := rpc.ListRequest{Query: q}
	none = true
	var gaps []audit.Gap
	for left := limit; ; {
		req.Limit = audit.MaxLimit
		if limit > 0 {
			req.Limit = min(left, audit.MaxLimit)
		}
		page, err := c.ListPage(ctx, req)
		if err != nil {
			return false, none, filters.FlagPath(err)
		}
		if err := w.writePage(page.Items); err != nil {
			return false, none, err
		}
		gaps = append(gaps, page.Gaps...)
		left -= len(page.Items)
		none = none && len(page.Items) == 0
		req.Cursor = page.NextCursor
		if req.Cursor == "" || limit > 0 && left <= 0 {
			return req.Cursor != "", none, cmp.Or(w.end(), lacking(gaps))
		}
	}
}

// lacking is the error of an answer from which entries are missing, nil without gaps.
func lacking(gaps []audit.Gap) error {
	if len(gaps) == 0 {
		return nil
	}
	err := fmt.Errorf("the log is damaged, and this is not all of it: %s", spell.Text((&audit.Incomplete{Gaps: gaps}).Error()))
	return exit.Hinted(exit.With(exit.Faulty, err), "have it repaired with a backup: auditlog repair --help")
}
