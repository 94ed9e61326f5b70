package entries

import (
	"time"

	"github.com/spf13/cobra"

	"auditlog/audit"
	"auditlog/cli/connection"
	"auditlog/cli/filters"
	"auditlog/client"
	"auditlog/demo"
)

func (a *app) demo() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Record the made-up log of a small company, to look around in",
		Long: `Record a few thousand made-up entries of the last 90 days. There is something to
find in them: a release that went wrong yesterday, and somebody who tried what he
may not.`,
		Args: cobra.NoArgs,
	}
	project := cmd.Flags().StringP("project", "p", "demo", "the `project`")
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, _ []string) error {
		if err := audit.ValidateProject(*project); err != nil {
			return filters.FlagPath(err)
		}
		w := c.NewWriter(cmd.Context())
		for _, e := range demo.Entries(*project, time.Now()) {
			if err := w.Write(*e); err != nil {
				return err
			}
		}
		if err := w.Close(); err != nil {
			return err
		}
		return summarize(a.Stdout, w.Result())
	})
}
