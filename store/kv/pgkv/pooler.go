package pgkv

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
)

// errSharedSession is the error of a pooler that gives a session of the server to several connections.
var errSharedSession = errors.New("a pooler in front of it gives the transactions of a connection to any session of the server: " +
	"have it keep a session for each connection (PgBouncer: pool_mode = session), or give the address of PostgreSQL itself")

// ownSession makes sure that a connection, which a process of the server has answered, has a session
// to itself as long as it lasts. What is set in one counts for its commits: whether they wait for the standby
// is among it. Where the connection was told of another process there is a pooler between, whose mode
// nobody can ask: a second connection shows it.
func ownSession(ctx context.Context, cfg *pgconn.Config, pg *pgconn.PgConn, process string) error {
	other, err := pgconn.ConnectConfig(ctx, beside(cfg, pg.Conn().RemoteAddr()))
	if err != nil {
		return fmt.Errorf("the pooler in front of it gives no second connection (PgBouncer: default_pool_size, a node takes up to %d): %w",
			mostReaders+1, err)
	}
	defer other.Close(ctx)
	// One that gives away what was used last gives it to the other, one that takes turns gives another.
	for _, c := range []*pgconn.PgConn{pg, other, pg} {
		at, err := backend(ctx, c)
		if err != nil {
			return err
		}
		if (at == process) != (c == pg) {
			return errSharedSession
		}
	}
	return nil
}

// backend returns which process of the server answers a connection.
func backend(ctx context.Context, pg *pgconn.PgConn) (string, error) {
	answer, err := pg.Exec(ctx, "SELECT pg_backend_pid()").ReadAll()
	if err != nil {
		return "", err
	}
	return string(answer[0].Rows[0][0]), nil
}

// beside returns a configuration that leads to where a connection leads.
func beside(cfg *pgconn.Config, to net.Addr) *pgconn.Config {
	cfg = cfg.Copy()
	cfg.ValidateConnect = nil
	cfg.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, to.Network(), to.String())
	}
	return cfg
}
