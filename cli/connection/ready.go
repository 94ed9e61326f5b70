package connection

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"auditlog/client"
)

func (a *app) ready() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ready",
		Short: "Say whether a server can answer, for health checks",
		Long: `Ask a server whether it can read and write, once and without a token. The exit code
tells: 0 when it can.`,
		Args: cobra.NoArgs,
	}
	return asksUnnamed(cmd, func(ctx context.Context, c *client.Client) error {
		if err := c.Ready(ctx); err != nil {
			return err
		}
		_, err := fmt.Fprintln(a.Stdout, "ready")
		return err
	})
}
