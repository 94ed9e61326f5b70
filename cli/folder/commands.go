package folder

import (
	"github.com/spf13/cobra"

	"auditlog/cli/command"
)

// app is a run of the program, as the commands here see it.
type app struct{ *command.Run }

// Offline returns the commands on a log that no server has open.
func Offline(run *command.Run) []*cobra.Command {
	a := &app{run}
	return []*cobra.Command{a.check(), a.compact(), a.reindex(), a.restore(), a.move(), a.repair()}
}

// Backup returns the command that takes backups of a server's log, and keeps them.
func Backup(run *command.Run) *cobra.Command { return (&app{run}).backup() }

// Key returns the command about the key that signs the log.
func Key(run *command.Run) *cobra.Command { return (&app{run}).key() }
