package cli

import (
	"context"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"auditlog/cli/admin"
	"auditlog/cli/build"
	"auditlog/cli/command"
	"auditlog/cli/connection"
	"auditlog/cli/entries"
	"auditlog/cli/exit"
	"auditlog/cli/folder"
	"auditlog/cli/help"
	"auditlog/cli/proofs"
	"auditlog/cli/server"
	"auditlog/cli/shipping"
	"auditlog/cli/terminal"
)

// Main runs the command that args name, without the program's own name, and
// returns the exit code. SIGINT and SIGTERM end the command in order; a second
// one ends the process at once.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := interruptible()
	defer stop()
	run := &command.Run{Stdin: stdin, Stdout: terminal.Guarded(stdout), Stderr: terminal.Guarded(stderr)}
	defer flush(run.Stdout, run.Stderr)
	root := commands(run)
	started := false // what fails before is wrong usage
	root.PersistentPreRun = func(*cobra.Command, []string) { started = true }
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exit.OK
	}
	switch {
	case !started:
		err = help.Misused(root, cmd, err)
	case exit.Code(err) == exit.Misuse && exit.Hint(err) == "":
		err = exit.Hinted(err, "%s --help", cmd.CommandPath())
	}
	run.Explain(err)
	return exit.Code(err)
}

// flush writes what guards hold back.
func flush(all ...io.Writer) {
	for _, w := range all {
		if g, ok := w.(*terminal.Guard); ok {
			g.Close()
		}
	}
}

// interruptible returns a context that the first SIGINT or SIGTERM ends. When it
// has ended, the next one ends the process.
func interruptible() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
		case <-ctx.Done():
		}
		signal.Stop(signals)
		cancel()
	}()
	return ctx, cancel
}

// Commands returns the tree of commands, for whoever writes its documentation.
func Commands() *cobra.Command {
	return commands(&command.Run{Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: io.Discard})
}

// commands returns the tree of commands of a run.
func commands(run *command.Run) *cobra.Command {
	root := &cobra.Command{
		Use:           "auditlog",
		Short:         "An audit log in one binary: who did what, to which resource, with which outcome, and when",
		Version:       build.Long(),
		SilenceErrors: true,
		// help.Misused suggests what was meant.
		DisableSuggestions: true,
		SilenceUsage:       true,
	}
	root.SetIn(run.Stdin)
	root.SetOut(run.Stdout)
	root.SetErr(run.Stderr)
	root.SetVersionTemplate("auditlog {{.Version}}\n")
	groups := []struct {
		id, title string
		commands  []*cobra.Command
	}{
		{"server", "The server:", []*cobra.Command{server.Command(run.Stdout, run.Stderr), folder.Key(run)}},
		{"client", "Asking a server, at --url or AUDITLOG_URL:", slices.Concat(
			entries.Commands(run), shipping.Commands(run), admin.Commands(run, proofs.Certificate(run)), proofs.Commands(run),
			[]*cobra.Command{folder.Backup(run)}, connection.Commands(run))},
		{"offline", "On a data folder that no server has open:", folder.Offline(run)},
		{"anywhere", "Without a server or its data:", proofs.Anywhere(run)},
	}
	for _, g := range groups {
		root.AddGroup(&cobra.Group{ID: g.id, Title: g.title})
		for _, c := range g.commands {
			c.GroupID = g.id
			root.AddCommand(c)
		}
	}
	help.Add(run, root)
	return root
}
