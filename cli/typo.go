package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"auditlog/audit"
	"auditlog/cli/exit"
)

// misused makes err, of a command line that was not understood, one of usage, with one hint: what
// was probably meant, or else where to read on.
func misused(root, cmd *cobra.Command, err error) error {
	err = exit.Usage(err)
	var name, of string
	if n, _ := fmt.Sscanf(err.Error(), "unknown command %q for %q", &name, &of); n == 2 {
		err = exit.Usagef("there is no command %s %s", of, name)
		if meant := meantCommand(root, of, name); meant != "" {
			return exit.Hinted(err, "did you mean %s?", meant)
		}
	}
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		if meant := meantFlag(cmd, unknown.GetSpecifiedName()); meant != "" {
			return exit.Hinted(err, "did you mean --%s?", meant)
		}
	}
	return exit.Hinted(err, "%s --help", cmd.CommandPath())
}

// otherNames are what people call commands who come from other programs.
var otherNames = map[string]string{
	"ls": "list", "show": "get", "cat": "get", "describe": "get", "rm": "delete", "remove": "delete", "add": "create", "new": "create",
	"tail": "follow", "watch": "follow", "find": "list", "query": "list", "server": "serve", "start": "serve", "run": "serve", "log": "record",
	"logs": "list", "ctx": "context", "config": "context", "fsck": "check", "vacuum": "compact", "stat": "stats", "id": "whoami",
}

// meantCommand returns the command that was probably meant by a name which the command of a path
// does not have, or "".
func meantCommand(root *cobra.Command, path, name string) string {
	parent, _, err := root.Find(strings.Fields(path)[1:])
	if err != nil {
		return ""
	}
	names := commandNames(parent)
	if other := otherNames[name]; slices.Contains(names, other) {
		return path + " " + other
	}
	if near := audit.Closest(name, names); near != "" {
		return path + " " + near
	}
	var found []string // elsewhere, as "revoke" is in "token"
	for _, c := range root.Commands() {
		if slices.Contains(commandNames(c), name) {
			found = append(found, c.CommandPath()+" "+name)
		}
	}
	if len(found) == 1 {
		return found[0]
	}
	return ""
}

// commandNames returns the names of the commands that one has.
func commandNames(cmd *cobra.Command) (names []string) {
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return names
}

// meantFlag returns the flag that was probably meant by the name of one that cmd does not have, or "".
func meantFlag(cmd *cobra.Command, name string) string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	return audit.Closest(name, names)
}
