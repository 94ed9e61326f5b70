package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) ready() *cobra.Command {
	var conn connection
	cmd := &cobra.Command{
		Use:   "ready",
		Short: "Say whether a server can answer, for health checks",
		Long: `Ask a server whether it can read and write, once and without a token. The exit code
tells: 0 when it can.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := conn.anonymous()
			if err != nil {
				return err
			}
			if err := c.Ready(cmd.Context()); err != nil {
				return unreachable(c, err)
			}
			_, err = fmt.Fprintln(a.stdout, "ready")
			return err
		},
	}
	conn.addURL(cmd.Flags())
	return cmd
}
