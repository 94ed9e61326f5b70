package peer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"auditlog/store/kv/pgkv/pgtest"
)

// standby is a PostgreSQL server whose commits wait for another one on this machine.
type standby struct {
	pair *pgtest.Pair // nil until it is started first
}

// start starts both servers, and makes them first where they are not there.
func (s *standby) start(folder string) (fresh bool, err error) {
	if s.pair != nil {
		return false, errors.Join(s.pair.Primary.Serve(), s.pair.Standby.Serve())
	}
	if err := os.Chmod(folder, 0o755); err != nil { // they run as another user
		return false, err
	}
	var settings []string
	for _, name := range slices.Sorted(maps.Keys(postgresSettings)) {
		if name != "listen_addresses" { // the standby comes that way
			settings = append(settings, name+"="+postgresSettings[name])
		}
	}
	pair, err := pgtest.NewPair(folder, pgtest.Synchronous, settings...)
	if err != nil {
		return false, errors.Join(err, pair.Remove())
	}
	s.pair = pair
	return true, nil
}

// stop ends the primary first, which gives all that it has on.
func (s *standby) stop() error {
	if s.pair == nil {
		return nil
	}
	return errors.Join(s.pair.Primary.Stop(), s.pair.Standby.Stop())
}

func (s *standby) processes() []int {
	return append(s.pair.Primary.Processes(), s.pair.Standby.Processes()...)
}

// PostgresStandby is PostgreSQL with a row an entry, whose commits wait for a standby.
type PostgresStandby struct {
	Postgres
	standby standby
}

// NewPostgresStandby returns the log in folder, or an error that says that PostgreSQL is not
// installed.
func NewPostgresStandby(folder string) (*PostgresStandby, error) {
	p, err := NewPostgres(folder)
	if err != nil {
		return nil, err
	}
	return &PostgresStandby{Postgres: *p}, nil
}

func (p *PostgresStandby) Name() string     { return "PostgreSQL with a standby" }
func (p *PostgresStandby) Processes() []int { return p.standby.processes() }
func (p *PostgresStandby) Kill() error      { return errors.ErrUnsupported }

func (p *PostgresStandby) Start(ctx context.Context) error {
	fresh, err := p.standby.start(p.folder)
	if err != nil {
		return err
	}
	p.at = p.standby.pair.Primary.URL(superuser)
	if p.admin, err = p.dial(ctx); err != nil || !fresh {
		return err
	}
	return p.exec(ctx, rowEach()...)
}

func (p *PostgresStandby) Stop() error {
	if p.admin == nil {
		return nil
	}
	err := p.admin.Close(context.Background())
	p.admin = nil
	return errors.Join(err, p.standby.stop())
}

// Shared is this log on a PostgreSQL database whose commits wait for a standby.
type Shared struct {
	Auditlog
	standby standby
}

// NewShared returns the log in folder, served by a binary, or an error that says that PostgreSQL
// is not installed.
func NewShared(binary, folder string) (*Shared, error) {
	if _, err := pgtest.Programs(); err != nil {
		return nil, err
	}
	return &Shared{Auditlog: *NewAuditlog(binary, folder)}, nil
}

func (s *Shared) Name() string { return "auditlog on PostgreSQL" }
func (s *Shared) Kill() error  { return errors.ErrUnsupported }

func (s *Shared) Processes() []int { return append(s.Auditlog.Processes(), s.standby.processes()...) }

func (s *Shared) Start(ctx context.Context) error {
	if _, err := s.standby.start(s.folder); err != nil {
		return err
	}
	s.store = s.standby.pair.Primary.URL(superuser)
	return s.Auditlog.Start(ctx)
}

func (s *Shared) Stop() error { return errors.Join(s.Auditlog.Stop(), s.standby.stop()) }

func (s *Shared) Settle(ctx context.Context) error {
	if err := s.Auditlog.Settle(ctx); err != nil {
		return err
	}
	return s.ask("VACUUM (ANALYZE)", "CHECKPOINT")
}

func (s *Shared) ask(statements ...string) error {
	for _, statement := range statements {
		if _, err := s.standby.pair.Primary.Query(statement); err != nil {
			return err
		}
	}
	return nil
}

// Disk implements Log. As with PostgreSQL, its write-ahead log and catalogs are left out, and so
// is what the standby has.
func (s *Shared) Disk(context.Context) (int64, error) {
	size, err := s.standby.pair.Primary.Query("SELECT sum(pg_total_relation_size(oid)) FROM pg_class " +
		"WHERE relnamespace = 'auditlog'::regnamespace AND relkind = 'r'")
	if err != nil {
		return 0, err
	}
	var n int64
	if _, err := fmt.Sscan(size, &n); err != nil {
		return 0, fmt.Errorf("size: %w", err)
	}
	return n, nil
}

// Pack rewrites all tables.
func (s *Shared) Pack(context.Context) error { return s.ask("VACUUM (FULL, ANALYZE)", "CHECKPOINT") }
