package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"auditlog/audit"
	"auditlog/cli/build"
	"auditlog/cli/exit"
	"auditlog/cli/output"
	"auditlog/cli/server"
	"auditlog/cli/terminal"
	"auditlog/spell"
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
	a := &app{stdin: stdin, stdout: terminal.Guarded(stdout), stderr: terminal.Guarded(stderr)}
	defer a.close()
	root := a.root()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exit.OK
	}
	if !a.started {
		err = exit.Usage(err)
	}
	if exit.Code(err) == exit.Misuse {
		err = exit.Hinted(err, "%s --help", cmd.CommandPath())
	}
	io.WriteString(a.stderr, exit.Explain(err))
	return exit.Code(err)
}

// close writes what guards hold back.
func (a *app) close() {
	for _, w := range []io.Writer{a.stdout, a.stderr} {
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
	a := &app{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard}
	return a.root()
}

// root returns the tree of commands.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "auditlog",
		Short:         "An audit log in one binary: who did what, to which resource, with which outcome, and when",
		Version:       build.Long(),
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
		{"server", "The server:", []*cobra.Command{server.Command(a.stdout, a.stderr), a.key()}},
		{"client", "Asking a server, at --url or AUDITLOG_URL:", []*cobra.Command{
			a.record(), a.list(), a.get(), a.stats(), a.export(), a.follow(), a.ship(), a.imports(), a.demo(), a.project(), a.token(),
			a.sink(), a.evidence(), a.checkpoint(), a.backup(), a.login(), a.logout(), a.whoami(), a.session(), a.search(), a.ready()}},
		{"offline", "On a data folder that no server has open:", []*cobra.Command{a.check(), a.compact(), a.reindex(), a.restore(), a.move(), a.repair()}},
		{"anywhere", "Without a server or its data:", []*cobra.Command{a.verify(), a.witness()}},
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

// out returns standard output for data in a format: as it is, unless a terminal shows it.
func (a *app) out(format string) io.Writer {
	if g, ok := a.stdout.(*terminal.Guard); ok {
		g.Format = format
	}
	return a.stdout
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

// lacking is the error of an answer from which entries are missing, nil without gaps.
func lacking(gaps []audit.Gap) error {
	if len(gaps) == 0 {
		return nil
	}
	err := fmt.Errorf("the log is damaged, and this is not all of it: %s", spell.Text((&audit.Incomplete{Gaps: gaps}).Error()))
	return exit.Hinted(exit.With(exit.Faulty, err), "have it repaired with a backup: auditlog repair --help")
}

// writeTo gives fn the file at path to write, or standard output: see output.Write.
func (a *app) writeTo(ctx context.Context, path, format string, fn func(io.Writer) error) error {
	if path == "" || path == "-" || path == "/dev/stdout" {
		return fn(a.out(format))
	}
	return output.Write(ctx, path, format, fn)
}
