package pgkv

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

// server tells a running server from every other one: what is read from one, at whatever time, is of
// one history.
type server struct {
	// system names the database that it has, or has a copy of that goes on: its standbys
	// have the same name. "" where it does not tell.
	system string
	// timeline rises with each standby that becomes the primary. 0 where the server does not tell.
	timeline uint32
	started  string // when it was
}

// older reports whether a server was the primary before another, as far as they tell.
func (s server) older(than server) bool {
	return s.system == than.system && s.timeline != 0 && s.timeline < than.timeline
}

// primary makes sure that a server is the one that takes writes, and returns which it is, and the process of
// it that answers.
func primary(ctx context.Context, pg *pgconn.PgConn) (s server, process string, err error) {
	state, err := pg.Exec(ctx, `SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only'),
		pg_postmaster_start_time(), pg_backend_pid()`).ReadAll()
	if err != nil {
		return s, "", err
	}
	switch row := state[0].Rows[0]; {
	case string(row[0]) == "t":
		return s, "", errors.New("it is a standby")
	case string(row[1]) == "on":
		return s, "", errors.New("it is read-only")
	default:
		s.started, process = string(row[2]), string(row[3])
	}
	// A service may not tell these.
	if at, err := pg.Exec(ctx, `SELECT pg_walfile_name(pg_current_wal_lsn())`).ReadAll(); err == nil {
		if _, err := fmt.Sscanf(string(at[0].Rows[0][0][:8]), "%08X", &s.timeline); err != nil {
			return s, "", fmt.Errorf("read timeline: %w", err)
		}
	}
	if of, err := pg.Exec(ctx, `SELECT system_identifier FROM pg_control_system()`).ReadAll(); err == nil {
		s.system = string(of[0].Rows[0][0])
	}
	return s, process, nil
}
