package help

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"auditlog/cli/command"
	"auditlog/cli/exit"
)

// app is a run of the program, as the commands here see it.
type app struct{ *command.Run }

// Add adds the commands about the program itself to all others below root, and has the shell complete
// them.
func Add(run *command.Run, root *cobra.Command) {
	a := &app{run}
	root.AddCommand(a.version(), a.man(), exitCodesTopic())
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			c.AddCommand(a.completionInstall())
		}
	}
	complete(root)
}

// exitCodesTopic is what "auditlog help exit-codes" shows.
func exitCodesTopic() *cobra.Command {
	var b strings.Builder
	b.WriteString("The process ends with one of these codes:\n\n")
	for _, c := range exit.Meanings() {
		fmt.Fprintf(&b, "  %3d  %s\n", c.Code, c.Meaning)
	}
	return &cobra.Command{Use: "exit-codes", Short: "What each exit code means", Long: strings.TrimSuffix(b.String(), "\n")}
}
