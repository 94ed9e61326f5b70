package pgkv

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"auditlog/store/kv"
)

// isRace reports whether the server refused a commit because another came before it.
func isRace(err error) bool {
	switch code(err) {
	case "22012", // compareAndSet divides by zero
		"40001", "40P01":
		return true
	}
	return false
}

// readOnly is the code of a write where there are none.
const readOnly = "25006"

// isLost reports whether an error is of a connection that there is none of, or none any more.
func isLost(err error) bool { return errors.Is(err, errLost) || errors.Is(err, errUnreached) }

func code(err error) string {
	var failed *pgconn.PgError
	if errors.As(err, &failed) {
		return failed.Code
	}
	return ""
}

// unavailable says of an error that has to do with the database and not with what was asked of
// it that it may pass.
func (db *DB) unavailable(err error) error {
	if err == nil || errors.Is(err, kv.ErrClosed) || errors.Is(err, kv.ErrUnavailable) {
		return err
	}
	if db.closed.Load() {
		return fmt.Errorf("%w: %w", kv.ErrClosed, err)
	}
	return fmt.Errorf("%s: %w: %w", db.Name(), kv.ErrUnavailable, explained(err))
}

// explained says in front of an error of the server's what is the matter.
func explained(err error) error {
	what := ""
	switch code(err) {
	case "28P01", "28000":
		what = "it refuses the user or the password"
	case "3D000":
		what = "there is no such database"
	case "42501", "42P06":
		what = "its user may not do that"
	case "53100":
		return fmt.Errorf("its disk is full: %w: %w", syscall.ENOSPC, err)
	case "53300":
		what = "it has too many connections"
	case readOnly:
		what = "it is read-only"
	case "57P01", "57P02", "57P03":
		what = "it is being shut down or started"
	case "42703", "42P01":
		what = "its tables are not those of auditlog"
	}
	if what == "" {
		return err
	}
	return fmt.Errorf("%s: %w", what, err)
}

// notConnected returns the error of servers none of which could be connected to. It may be tried
// again, unless it is one that time alone does not mend.
func notConnected(err error) error {
	var name x509.HostnameError
	var authority x509.UnknownAuthorityError
	var record tls.RecordHeaderError
	why := errUnreached
	switch {
	case errors.As(err, &name):
		err, why = fmt.Errorf("its certificate is for another name: %w", err), nil
	case errors.As(err, &authority):
		err, why = fmt.Errorf("its certificate is of an authority that is not known here (sslrootcert): %w", err), nil
	case errors.As(err, &record):
		err, why = fmt.Errorf("it does not speak TLS: %w", err), nil
	}
	switch code(err) {
	case "28P01", "28000", "3D000", "42501":
		why = nil
	}
	if errors.Is(err, errSharedSession) {
		why = nil
	}
	if why == nil {
		return &connectError{err: err}
	}
	return &connectError{err: err, why: why}
}

// connectError is an error of connecting, told once: the driver tells it for each address, and
// for each way of trying one.
type connectError struct{ err, why error }

func (e *connectError) Error() string {
	var told []string
	for line := range strings.Lines(e.err.Error()) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "failed to connect to") && !slices.Contains(told, line) {
			told = append(told, line)
		}
	}
	if len(told) == 0 {
		return e.err.Error()
	}
	return "cannot connect: " + strings.Join(told, "; ")
}

func (e *connectError) Unwrap() []error {
	if e.why == nil {
		return []error{e.err}
	}
	return []error{e.err, e.why}
}
