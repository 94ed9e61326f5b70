package help

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

// Misused makes err, of a command line that was not understood, one of usage, with one hint: what
// was probably meant, or else where to read on.
func Misused(root, cmd *cobra.Command, err error) error {
	err = exit.Usage(plainly(cmd, err))
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

// otherName is what a command is called here that people know by another name from other programs.
func otherName(name string) string {
	switch name {
	case "ls", "find", "query", "logs":
		return "list"
	case "show", "cat", "describe":
		return "get"
	case "rm", "remove":
		return "delete"
	case "add", "new":
		return "create"
	case "tail", "watch":
		return "follow"
	case "server", "start", "run":
		return "serve"
	case "log":
		return "record"
	case "ctx", "config":
		return "context"
	case "fsck":
		return "check"
	case "vacuum":
		return "compact"
	case "id":
		return "whoami"
	}
	return ""
}

// meantCommand returns the command that was probably meant by a name which the command of a path
// does not have, or "".
func meantCommand(root *cobra.Command, path, name string) string {
	parent, _, err := root.Find(strings.Fields(path)[1:])
	if err != nil {
		return ""
	}
	names := commandNames(parent)
	if other := otherName(name); other != "" && slices.Contains(names, other) {
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

// plainly says in words for people what libraries say of a flag or an argument.
func plainly(cmd *cobra.Command, err error) error {
	var value *pflag.InvalidValueError
	var lacking *pflag.ValueRequiredError
	var wants, got int
	switch {
	case errors.As(err, &value):
		if kind := flagKind(value.GetFlag().Value.Type()); kind != "" {
			return fmt.Errorf("--%s: must be %s, not %q", value.GetFlag().Name, kind, value.GetValue())
		}
		return fmt.Errorf("--%s: %w", value.GetFlag().Name, value.Unwrap())
	case errors.As(err, &lacking):
		return fmt.Errorf("--%s: wants a value", lacking.GetFlag().Name)
	}
	if n, _ := fmt.Sscanf(err.Error(), "accepts at most %d arg(s), received %d", &wants, &got); n == 2 {
		return fmt.Errorf("%s takes %s at most and was given %d: it is called as %s", cmd.CommandPath(), arguments(wants), got, cmd.UseLine())
	}
	if n, _ := fmt.Sscanf(err.Error(), "accepts %d arg(s), received %d", &wants, &got); n == 2 {
		return fmt.Errorf("%s takes %s and was given %d: it is called as %s", cmd.CommandPath(), arguments(wants), got, cmd.UseLine())
	}
	return err
}

// flagKind is what a flag wants by its type, where a library would say how it tried to read it.
func flagKind(of string) string {
	switch of {
	case "int", "int64", "uint":
		return "a whole number"
	case "float64":
		return "a number"
	case "bool":
		return "true or false"
	case "duration":
		return "a length of time such as 30s, 5m or 24h"
	}
	return ""
}

func arguments(n int) string {
	if n == 1 {
		return "1 argument"
	}
	return fmt.Sprintf("%d arguments", n)
}
