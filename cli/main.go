package cli

import (
	"context"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// app is one run of the program: where it reads and writes. What goes to a terminal is
// guarded.
type app struct {
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	// started is set once the command line is understood: what fails before is
	// wrong usage.
	started bool
}

// Main runs the command that args name, without the program's own name, and
// returns the exit code. SIGINT and SIGTERM end the command in order; a second
// one ends the process at once.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := interruptible()
	defer stop()
	a := &app{stdin: stdin, stdout: guarded(stdout), stderr: guarded(stderr)}
	defer a.close()
	root := a.root()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	if !a.started {
		err = usage(err)
	}
	if exitCode(err) == exitUsage {
		err = hinted(err, "%s --help", cmd.CommandPath())
	}
	io.WriteString(a.stderr, explain(err))
	return exitCode(err)
}

// close writes what guards hold back.
func (a *app) close() {
	for _, w := range []io.Writer{a.stdout, a.stderr} {
		if g, ok := w.(*guard); ok {
			g.close()
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
	a := &app{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard}
	return a.root()
}

// root returns the tree of commands.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "auditlog",
		Short:         "An audit log in one binary: who did what, to which resource, with which outcome, and when",
		Version:       build().long(),
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRun: func(*cobra.Command, []string) {
			a.started = true
		},
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetVersionTemplate("auditlog {{.Version}}\n")
	groups := []struct {
		id, title string
		commands  []*cobra.Command
	}{
		{"server", "The server:", []*cobra.Command{a.serve()}},
		{"client", "Asking a server, at --url or AUDITLOG_URL:", []*cobra.Command{
			a.record(), a.list(), a.get(), a.stats(), a.export(), a.follow(), a.ship(), a.imports(), a.demo(), a.project(), a.token(),
			a.sink(), a.backup(), a.login(), a.logout(), a.whoami(), a.session(), a.ready()}},
		{"offline", "On a data folder that no server has open:", []*cobra.Command{a.check(), a.compact(), a.reindex(), a.restore(), a.repair()}},
	}
	for _, g := range groups {
		root.AddGroup(&cobra.Group{ID: g.id, Title: g.title})
		for _, c := range g.commands {
			c.GroupID = g.id
			root.AddCommand(c)
		}
	}
	root.AddCommand(a.version(), exitCodesTopic())
	return root
}

// parent returns a command that holds others and does nothing itself.
func parent(name, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: name, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(commands...)
	return cmd
}

// terminal returns the width of w in columns, and whether w is a terminal at all.
func terminal(w any) (width int, ok bool) {
	if guarded, ok := w.(*guard); ok {
		w = guarded.w
	}
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width < 20 {
		width = 80
	}
	return width, true
}
