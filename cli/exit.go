package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"auditlog/audit"
	"auditlog/spell"
)

// The exit codes.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitConflict    = 3
	exitFaulty      = 4
	exitDenied      = 5
	exitNotFound    = 6
	exitUnavailable = 7
	exitUnreadable  = 8
	exitInterrupted = 130
)

// codes says what each exit code means; the help topic and the documentation
// show it.
var codes = [...]struct {
	code    int
	meaning string
}{
	{exitOK, "done"},
	{exitFailure, "the command failed"},
	{exitUsage, "wrong usage: a flag, an argument or a setting"},
	{exitConflict, "not possible now, such as a data folder that another auditlog has open"},
	{exitFaulty, "check found faults in the data, a backup is damaged, evidence does not hold, or entries are missing from the answer because the log is"},
	{exitDenied, "the log does not know the token, or the token does not allow it"},
	{exitNotFound, "no such entry, project, token, sink or backup"},
	{exitUnavailable, "the log cannot be reached or cannot answer now; the same may pass later"},
	{exitUnreadable, "check could not read the data, which says nothing of faults in it: the disk or its permissions"},
	{exitInterrupted, "interrupted by Ctrl-C or SIGTERM"},
}

// problem is an error with what the person at the command line needs beside it.
type problem struct {
	err  error
	code int    // 0 leaves the code to err's kind
	hint string // what to do; may be empty
}

func (p *problem) Error() string { return p.err.Error() }
func (p *problem) Unwrap() error { return p.err }

// lacking is the error of an answer from which entries are missing, nil without gaps.
func lacking(gaps []audit.Gap) error {
	if len(gaps) == 0 {
		return nil
	}
	return &problem{err: fmt.Errorf("the log is damaged, and this is not all of it: %s", spell.Text((&audit.Incomplete{Gaps: gaps}).Error())), code: exitFaulty,
		hint: "have it repaired with a backup: auditlog repair --help"}
}

// usagef returns an error that a correct command line would not have met.
func usagef(format string, args ...any) error {
	return &problem{err: fmt.Errorf(format, args...), code: exitUsage}
}

// usage makes err one of usage. nil stays nil.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return &problem{err: err, code: exitUsage}
}

// hinted gives err a hint. nil stays nil.
func hinted(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &problem{err: err, hint: fmt.Sprintf(format, args...)}
}

// exitCode returns the code that err ends the process with.
func exitCode(err error) int {
	var p *problem
	for e := err; errors.As(e, &p); e = p.err {
		if p.code != 0 {
			return p.code
		}
	}
	if errors.Is(err, context.Canceled) {
		return exitInterrupted
	}
	switch audit.KindOf(err) {
	case audit.Unauthenticated, audit.PermissionDenied:
		return exitDenied
	case audit.NotFound:
		return exitNotFound
	case audit.Conflict:
		return exitConflict
	case audit.RateLimited, audit.Unavailable:
		return exitUnavailable
	}
	return exitFailure
}

// hint returns what to do about err, or "".
func hint(err error) string {
	var p *problem
	for e := err; errors.As(e, &p); e = p.err {
		if p.hint != "" {
			return p.hint
		}
	}
	if audit.KindOf(err) == audit.Unauthenticated {
		return "put a token into AUDITLOG_TOKEN, or log in with: auditlog login"
	}
	return ""
}

// explain returns what the process says of err before it ends.
func explain(err error) string {
	if errors.Is(err, context.Canceled) {
		return "auditlog: interrupted\n"
	}
	text := "auditlog: error: " + oneLine(err.Error()) + "\n"
	if h := hint(err); h != "" {
		text += "auditlog: hint: " + oneLine(h) + "\n"
	}
	return text
}

// oneLine keeps what joined errors say on one line, and a server's words from
// steering the terminal.
func oneLine(s string) string {
	return spell.Text(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), "; "))
}

// exitCodesTopic is what "auditlog help exit-codes" shows.
func exitCodesTopic() *cobra.Command {
	var b strings.Builder
	b.WriteString("The process ends with one of these codes:\n\n")
	for _, c := range codes {
		fmt.Fprintf(&b, "  %3d  %s\n", c.code, c.meaning)
	}
	return &cobra.Command{Use: "exit-codes", Short: "What each exit code means", Long: strings.TrimSuffix(b.String(), "\n")}
}
