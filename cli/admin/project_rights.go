package admin

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"auditlog/cli/connection"
	"auditlog/client"
)

func (a *app) projectCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "create PROJECT",
		Short: "Make a project, where an entry alone does not",
		Args:  cobra.ExactArgs(1),
	}
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, args []string) error {
		p, err := c.CreateProject(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		fmt.Fprintf(a.Stderr, "auditlog: created %s\n", p.Project)
		return nil
	})
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
		fmt.Fprintf(a.Stderr, "auditlog: deleted %s, to be purged at %s\n", p.Project, p.PurgeAt.In(time.Local).Format(time.RFC3339))
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
		if err != nil {
			return err
		}
		fmt.Fprintf(a.Stderr, "auditlog: held %s\n", p.Project)
		return nil
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
		if err != nil {
			return err
		}
		fmt.Fprintf(a.Stderr, "auditlog: released %s\n", p.Project)
		return nil
	})
}
