package admin

import (
	"fmt"

	"github.com/spf13/cobra"

	"auditlog/cli/connection"
	"auditlog/client"
	"auditlog/rpc"
)

func (a *app) projectCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "create PROJECT",
		Short: "Make a project, where an entry alone does not",
		Args:  cobra.ExactArgs(1),
	}
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, args []string) error {
		p, err := c.CreateProject(cmd.Context(), args[0])
		return a.toldOf(&p, "created", err)
	})
}

// toldOf says what was done with a project, unless that failed.
func (a *app) toldOf(p *rpc.Project, done string, err error) error {
	if err == nil {
		fmt.Fprintf(a.Stderr, "auditlog: %s %s\n", done, p.Project)
	}
	return err
}

func (a *app) projectApprove() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "approve PROJECT",
		Short: "Approve that a project be deleted, as somebody else asked",
		Args:  cobra.ExactArgs(1),
	}
	var confirm string
	cmd.Flags().StringVar(&confirm, "confirm", "", "the project's `name` again, where nobody can be asked")
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, args []string) error {
		if err := a.confirm(cmd.Context(), args[0], confirm); err != nil {
			return err
		}
		p, err := c.ApproveDeletion(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		a.tellDeleted(&p)
		return nil
	})
}

func (a *app) projectHold() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "hold PROJECT",
		Short: "Keep a project from being deleted or purged until it is released",
		Args:  cobra.ExactArgs(1),
	}
	var reason string
	cmd.Flags().StringVar(&reason, "reason", "", "what it is held for, such as the number of a case")
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, args []string) error {
		p, err := c.HoldProject(cmd.Context(), args[0], reason)
		return a.toldOf(&p, "held", err)
	})
}

func (a *app) projectRelease() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "release PROJECT",
		Short: "End a hold; a purge whose time has come begins",
		Args:  cobra.ExactArgs(1),
	}
	var reason string
	cmd.Flags().StringVar(&reason, "reason", "", "why it need not be held any more")
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, args []string) error {
		p, err := c.ReleaseProject(cmd.Context(), args[0], reason)
		return a.toldOf(&p, "released", err)
	})
}
