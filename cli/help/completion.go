package help

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"auditlog/cli/exit"
	"auditlog/cli/filters"
	"auditlog/cli/output"
)

// shells are those that completion can be installed for.
func shells() []string { return []string{"bash", "zsh", "fish"} }

// completionInstall puts what completes commands where the shell looks for it.
func (a *app) completionInstall() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Have your shell complete commands, flags, projects, actors and actions",
		Long: `Have your shell complete commands and flags, and ask the server for projects, actors,
actions and resource types while you type.

It is installed for you alone, for the shell that SHELL names unless --shell names
another, and works in shells that start from then on.`,
		Args: cobra.NoArgs,
	}
	var shell string
	cmd.Flags().StringVar(&shell, "shell", "", "the `shell`: bash, zsh or fish")
	filters.Complete(cmd, "shell", shells()...)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if shell == "" {
			shell = strings.TrimSuffix(filepath.Base(os.Getenv("SHELL")), ".exe")
		}
		return a.installCompletion(cmd.Context(), cmd.Root(), shell)
	}
	return cmd
}

func (a *app) installCompletion(ctx context.Context, root *cobra.Command, shell string) error {
	home, err := os.UserHomeDir()
	if err != nil {
		return fmt.Errorf("find your folder: %w", err)
	}
	var script bytes.Buffer
	var path, hint string
	switch shell {
	case "bash":
		err = root.GenBashCompletionV2(&script, true)
		path = filepath.Join(folder("XDG_DATA_HOME", home, ".local/share"), "bash-completion/completions/auditlog")
		hint = "it needs the package bash-completion"
	case "zsh":
		err = root.GenZshCompletion(&script)
		path = filepath.Join(folder("XDG_DATA_HOME", home, ".local/share"), "zsh/site-functions/_auditlog")
		hint = "where zsh does not find it, write this into .zshrc, before compinit: fpath+=(" + filepath.Dir(path) + ")"
	case "fish":
		err = root.GenFishCompletion(&script, true)
		path = filepath.Join(folder("XDG_CONFIG_HOME", home, ".config"), "fish/completions/auditlog.fish")
	default:
		err := exit.Usagef("--shell: must be %s", strings.Join(shells(), ", "))
		return exit.Hinted(err, "for others there is: auditlog completion --help")
	}
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err == nil {
		err = output.Write(ctx, path, "text", func(w io.Writer) error {
			_, err := script.WriteTo(w)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("install completion: %w", err)
	}
	fmt.Fprintf(a.Stderr, "auditlog: new shells complete commands: %s\n", path)
	if hint != "" {
		fmt.Fprintf(a.Stderr, "auditlog: hint: %s\n", hint)
	}
	return nil
}

// folder returns what a variable of the environment names, or a folder in the user's own.
func folder(variable, home, usual string) string {
	if dir := os.Getenv(variable); filepath.IsAbs(dir) {
		return dir
	}
	return filepath.Join(home, filepath.FromSlash(usual))
}
