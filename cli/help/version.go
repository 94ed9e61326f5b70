package help

import (
	"fmt"

	"github.com/spf13/cobra"

	"auditlog/cli/build"
)

func (a *app) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Say which version this is",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(a.Stdout, "auditlog %s\n", build.Long())
			return err
		},
	}
}
