package connection

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) ready() *cobra.Command {
	var conn Flags
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
				return Unreachable(c, err)
			}
			_, err = fmt.Fprintln(a.Stdout, "ready")
			return err
		},
	}
	conn.addURL(cmd.Flags())
	return cmd
}
