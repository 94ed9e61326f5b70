package admin

import (
	"github.com/spf13/cobra"

	"auditlog/cli/command"
)

// app is a run of the program, as the commands here see it.
type app struct{ *command.Run }

// Commands returns the commands about tokens and projects. of are more commands about a project, which
// other rooms have.
func Commands(run *command.Run, of ...*cobra.Command) []*cobra.Command {
	a := &app{run}
	return []*cobra.Command{a.token(), a.project(of)}
}
