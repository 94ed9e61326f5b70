package filters

import (
	"errors"
	"strings"

	"auditlog/audit"
	"auditlog/cli/exit"
)

// FlagPath returns err, when it is a Fault of the field of an entry or a query,
// as wrong usage of the flag that the field comes from.
func FlagPath(err error) error {
	var f *audit.Fault
	if !errors.As(err, &f) || f.Path == "" || f.Kind != audit.Invalid {
		return err
	}
	flag := flagOf(f.Path)
	if flag == "" {
		return err
	}
	return exit.Usagef("--%s: %s", flag, f.Message)
}

// flagOf returns the name of the flag for a field, or "".
func flagOf(path string) string {
	if field := audit.FieldAt(path); field != nil {
		return field.Flag()
	}
	switch path {
	case "from", "to", "after", "before", "interval", "order":
		return path
	case "createdAt":
		return "at"
	case "recordedBy":
		return "recorded-by"
	case "q":
		return "query"
	}
	switch {
	case strings.HasPrefix(path, "changes"):
		return "change"
	case strings.HasPrefix(path, "metadata"):
		return "metadata"
	}
	return ""
}
