package admin

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"auditlog/audit"
	"auditlog/cli/command"
	"auditlog/cli/connection"
	"auditlog/cli/exit"
	"auditlog/cli/terminal"
	"auditlog/client"
	"auditlog/rpc"
)

// project returns the commands of projects, of which another room has some.
func (a *app) project(others []*cobra.Command) *cobra.Command {
	cmd := command.Parent("project", "List, make, hold, delete and restore projects",
		a.projectList(), a.projectGet(), a.projectCreate(), a.projectDelete(), a.projectApprove(), a.projectRestore(),
		a.projectHold(), a.projectRelease())
	cmd.AddCommand(others...)
	return cmd
}

func (a *app) projectList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List the projects and what the log holds of each", Args: cobra.NoArgs}
	var output string
	command.AddOutput(cmd, &output, "table", "json")
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, _ []string) error {
		projects, err := c.Projects(cmd.Context())
		if err != nil {
			return err
		}
		return a.writeProjects(output, projects)
	})
}

func (a *app) projectGet() *cobra.Command {
	cmd := &cobra.Command{Use: "get PROJECT", Short: "Show what the log holds of one project", Args: cobra.ExactArgs(1)}
	var output string
	command.AddOutput(cmd, &output, "table", "json")
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, args []string) error {
		p, err := c.Project(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return a.writeProjects(output, []rpc.Project{p})
	})
}

func (a *app) writeProjects(output string, projects []rpc.Project) error {
	rows := make([][]string, len(projects))
	for i := range projects {
		p := &projects[i]
		rows[i] = []string{p.Project, projectState(p), strconv.FormatInt(p.Entries, 10), command.Day(p.First), command.Day(p.Last)}
	}
	return a.WriteItems(output, projects, []string{"PROJECT", "STATE", "ENTRIES", "FIRST", "LAST"}, rows)
}

// projectState says in a word or two how a project is.
func projectState(p *rpc.Project) string {
	state := string(p.State)
	switch {
	case p.AwaitsApproval:
		state = "active, deletion awaits approval"
	case p.State == audit.Deleting && p.Hold != nil:
		state = "deleted"
	case p.State == audit.Deleting:
		state = "deleted, purge " + command.Day(p.PurgeAt)
	}
	if p.Hold != nil {
		state += ", held"
	}
	return state
}

func (a *app) projectDelete() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "delete PROJECT",
		Short: "Close a project to recording, and purge it after a grace period",
		Long: `Close a project to recording at once. After the server's grace period all of its
entries are removed for good; until then, "auditlog project restore" takes it back.

It takes a token of an admin of all projects, unless the server has
--project-admins-delete. With --deletion-approval nothing happens until a second
person says "auditlog project approve".`,
		Args: cobra.ExactArgs(1),
	}
	var confirm string
	cmd.Flags().StringVar(&confirm, "confirm", "", "the project's `name` again, where nobody can be asked")
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, args []string) error {
		if err := a.confirm(cmd.Context(), args[0], confirm); err != nil {
			return err
		}
		p, err := c.DeleteProject(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		if p.AwaitsApproval {
			fmt.Fprintf(a.Stderr, "auditlog: asked for the deletion of %s, which a second person has to approve\n", p.Project)
			return nil
		}
		a.tellDeleted(&p)
		return nil
	})
}

// tellDeleted says that a project is deleted, and until when that can be taken back.
func (a *app) tellDeleted(p *rpc.Project) {
	fmt.Fprintf(a.Stderr, "auditlog: deleted %s, to be purged at %s\n", p.Project, p.PurgeAt.In(time.Local).Format(time.RFC3339))
}

// confirm asks for the project's name again, unless it was given already.
func (a *app) confirm(ctx context.Context, project, given string) error {
	if given == "" {
		if _, ok := terminal.Width(a.Stdin); !ok {
			return exit.Usagef("--confirm: must be the project's name again")
		}
		fmt.Fprintf(a.Stderr, "All entries of %s will be purged. Write its name again to delete it: ", project)
		line, err := readLine(ctx, a.Stdin)
		if err != nil {
			return err
		}
		given = line
	}
	if given != project {
		return exit.Usagef("%q is not %q: nothing was deleted", given, project)
	}
	return nil
}

func (a *app) projectRestore() *cobra.Command {
	cmd := &cobra.Command{Use: "restore PROJECT", Short: "Take a deletion back, before the purge", Args: cobra.ExactArgs(1)}
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, args []string) error {
		p, err := c.RestoreProject(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		fmt.Fprintf(a.Stderr, "auditlog: restored %s, %d entries\n", p.Project, p.Entries)
		return nil
	})
}

// readLine reads a line from r, or fails when ctx ends before.
func readLine(ctx context.Context, r io.Reader) (string, error) {
	type answer struct {
		line string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		line, err := bufio.NewReader(r).ReadString('\n')
		answers <- answer{strings.TrimSpace(line), err}
	}()
	select {
	case a := <-answers:
		return a.line, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
