package proofs

import (
	"github.com/spf13/cobra"

	"auditlog/cli/command"
)

// app is a run of the program, as the commands here see it.
type app struct{ *command.Run }

// Commands returns the commands that ask a log for what proves it.
func Commands(run *command.Run) []*cobra.Command {
	a := &app{run}
	return []*cobra.Command{a.evidence(), a.checkpoint()}
}

// Anywhere returns the commands that need neither a server nor its data.
func Anywhere(run *command.Run) []*cobra.Command {
	a := &app{run}
	return []*cobra.Command{a.verify(), a.witness()}
}
