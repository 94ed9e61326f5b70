package shipping

import (
	"github.com/spf13/cobra"

	"auditlog/cli/command"
)

// app is a run of the program, as the commands here see it.
type app struct{ *command.Run }

// Commands returns the commands that ship.
func Commands(run *command.Run) []*cobra.Command {
	a := &app{run}
	return []*cobra.Command{a.sink(), a.ship()}
}
