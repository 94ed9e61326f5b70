package exit

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"auditlog/audit"
	"auditlog/spell"
)

// The exit codes.
const (
	OK          = 0
	Failure     = 1
	Misuse      = 2
	Conflict    = 3
	Faulty      = 4
	Denied      = 5
	NotFound    = 6
	Unavailable = 7
	Unreadable  = 8
	Interrupted = 130
)

// Meaning says what an exit code means.
type Meaning struct {
	Code    int
	Meaning string
}

// codes are what the help topic and the documentation show.
var codes = [...]Meaning{
	{OK, "done"},
	{Failure, "the command failed"},
	{Misuse, "wrong usage: a flag, an argument or a setting"},
	{Conflict, "not possible now, such as a data folder that another auditlog has open"},
	{Faulty, "check found faults in the data, a backup is damaged, evidence does not hold, or entries are missing from the answer because the log is"},
	{Denied, "the log does not know the token, or the token does not allow it"},
	{NotFound, "no such entry, project, token, sink or backup"},
	{Unavailable, "the log cannot be reached or cannot answer now; the same may pass later"},
	{Unreadable, "check could not read the data, which says nothing of faults in it: the disk or its permissions"},
	{Interrupted, "interrupted by Ctrl-C or SIGTERM"},
}

// Meanings returns what each exit code means.
func Meanings() []Meaning { return codes[:] }

// problem is an error with what the person at the command line needs beside it.
type problem struct {
	err  error
	code int    // 0 leaves the code to err's kind
	hint string // what to do; may be empty
}

func (p *problem) Error() string { return p.err.Error() }
func (p *problem) Unwrap() error { return p.err }

// Usagef returns an error that a correct command line would not have met.
func Usagef(format string, args ...any) error {
	return &problem{err: fmt.Errorf(format, args...), code: Misuse}
}

// Usage makes err one of usage. nil stays nil.
func Usage(err error) error {
	if err == nil {
		return nil
	}
	return &problem{err: err, code: Misuse}
}

// With gives err an exit code. nil stays nil.
func With(code int, err error) error {
	if err == nil {
		return nil
	}
	return &problem{err: err, code: code}
}

// Hinted gives err a hint. nil stays nil.
func Hinted(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &problem{err: err, hint: fmt.Sprintf(format, args...)}
}

// Code returns the code that err ends the process with.
func Code(err error) int {
	var p *problem
	for e := err; errors.As(e, &p); e = p.err {
		if p.code != 0 {
			return p.code
		}
	}
	if errors.Is(err, context.Canceled) {
		return Interrupted
	}
	switch audit.KindOf(err) {
	case audit.Unauthenticated, audit.PermissionDenied:
		return Denied
	case audit.NotFound:
		return NotFound
	case audit.Conflict:
		return Conflict
	case audit.RateLimited, audit.Unavailable:
		return Unavailable
	}
	return Failure
}

// Hint returns what to do about err, or "".
func Hint(err error) string {
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

// Explain returns what the process says of err before it ends.
func Explain(err error) string {
	if errors.Is(err, context.Canceled) {
		return "auditlog: interrupted\n"
	}
	text := "auditlog: error: " + OneLine(err.Error()) + "\n"
	if h := Hint(err); h != "" {
		text += "auditlog: hint: " + OneLine(h) + "\n"
	}
	return text
}

// OneLine keeps what joined errors say on one line, and a server's words from
// steering the terminal.
func OneLine(s string) string {
	return spell.Text(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), "; "))
}
