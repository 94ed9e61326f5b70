package connection

import (
	"github.com/spf13/cobra"

	"auditlog/cli/command"
)

// app is a run of the program, as the commands here see it.
type app struct{ *command.Run }

// Commands returns the commands about reaching a server and who one is to it.
func Commands(run *command.Run) []*cobra.Command {
	a := &app{run}
	return []*cobra.Command{a.context(), a.login(), a.logout(), a.whoami(), a.session(), a.ready()}
}
