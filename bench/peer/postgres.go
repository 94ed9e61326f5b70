package peer

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"auditlog/store/kv/pgkv/pgtest"
)

// Postgres is a server of its own that listens at a socket in its folder alone.
type Postgres struct {
	folder string
	bin    string
	server *process
	admin  *pgx.Conn
	at     string // where it answers; by the socket in its folder where that is ""
}

// NewPostgres returns the log in folder, or pgtest.ErrNotInstalled.
func NewPostgres(folder string) (*Postgres, error) {
	bin, err := pgtest.Programs()
	if err != nil {
		return nil, err
	}
	return &Postgres{folder: folder, bin: bin}, nil
}

// postgresSettings are those of a server that has this machine to itself and
// loses nothing that it acknowledged.
var postgresSettings = map[string]string{
	"shared_buffers":                  "512MB",
	"effective_cache_size":            "4GB",
	"work_mem":                        "32MB",
	"maintenance_work_mem":            "256MB",
	"max_wal_size":                    "4GB",
	"checkpoint_timeout":              "15min",
	"random_page_cost":                "1.1",
	"synchronous_commit":              "on",
	"fsync":                           "on",
	"autovacuum":                      "on",
	"jit":                             "off",
	"max_connections":                 "200",
	"listen_addresses":                "",
	"log_min_messages":                "fatal",
	"unix_socket_permissions":         "0777",
	"max_parallel_workers_per_gather": "2",
}

func (p *Postgres) Name() string   { return "PostgreSQL" }
func (p *Postgres) Folder() string { return p.folder }

func (p *Postgres) data() string { return filepath.Join(p.folder, "data") }

func (p *Postgres) Processes() []int { return withChildren(p.server.pid()) }

// command returns one that runs as an ordinary user, because PostgreSQL refuses
// to run as root.
func (p *Postgres) command(name string, args ...string) (*exec.Cmd, error) {
	cmd := exec.Command(filepath.Join(p.bin, name), args...)
	cmd.Dir = p.folder
	runAs, err := pgtest.Unprivileged()
	if err != nil {
		return nil, err
	}
	// An interrupt is for the benchmark, which stops it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: runAs}
	if runAs == nil {
		return cmd, nil
	}
	return cmd, os.Chown(p.folder, int(runAs.Uid), int(runAs.Gid))
}

// superuser is the name of the database's own user.
const superuser = "postgres"

func (p *Postgres) Start(ctx context.Context) error {
	_, err := os.Stat(p.data())
	fresh := errors.Is(err, os.ErrNotExist)
	if fresh {
		if err := p.init(); err != nil {
			return err
		}
	}
	if err := p.serve(ctx); err != nil {
		return err
	}
	if !fresh {
		return nil
	}
	return p.exec(ctx, rowEach()...)
}

// rowEach returns the statements that make a table with a row an entry.
func rowEach() []string {
	return schema("bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "timestamptz", "now()", "jsonb")
}

func (p *Postgres) init() error {
	cmd, err := p.command("initdb", "--pgdata", p.data(), "--username", superuser, "--auth", "trust",
		"--encoding", "UTF8", "--locale", "C", "--no-instructions")
	if err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// serve starts the server and waits for it to answer.
func (p *Postgres) serve(ctx context.Context) error {
	args := []string{"-D", p.data(), "-k", p.folder}
	for name, value := range postgresSettings {
		args = append(args, "-c", name+"="+value)
	}
	cmd, err := p.command("postgres", args...)
	if err != nil {
		return err
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if p.server, err = start(cmd); err != nil {
		return err
	}
	for {
		if p.admin, err = p.dial(ctx); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-p.server.done:
			return fmt.Errorf("postgres ended: %w: %s", p.server.err, bytes.TrimSpace(stderr.Bytes()))
		case <-time.After(2 * time.Millisecond): // it is not ready yet
		}
	}
}

func (p *Postgres) dial(ctx context.Context) (*pgx.Conn, error) {
	return pgx.Connect(ctx, cmp.Or(p.at, fmt.Sprintf("host=%s user=%s dbname=%s", p.folder, superuser, superuser)))
}

func (p *Postgres) Stop() error {
	if p.server == nil {
		return nil
	}
	err := errors.Join(p.admin.Close(context.Background()), p.server.stop(syscall.SIGINT))
	p.server = nil
	return err
}

// Kill implements Log. A server that loses its first process is gone once its
// other processes have noticed, and starts anew only then.
func (p *Postgres) Kill() error {
	pids := p.Processes()
	p.server.kill()
	p.server = nil
	for _, pid := range pids[1:] {
		for syscall.Kill(pid, syscall.SIGKILL) == nil {
			time.Sleep(time.Millisecond)
		}
	}
	p.admin.Close(context.Background()) // has nobody to talk to
	return nil
}

func (p *Postgres) Connect(ctx context.Context) (Conn, error) {
	c, err := p.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	insert := insertSQL(1, postgresPlaceholder)
	if _, err := c.Prepare(ctx, insert, insert); err != nil {
		return nil, errors.Join(fmt.Errorf("prepare: %w", err), c.Close(ctx))
	}
	return &postgresConn{conn: c, insert: insert}, nil
}

func postgresPlaceholder(n int) string { return "$" + strconv.Itoa(n) }

func (p *Postgres) Settle(ctx context.Context) error {
	return p.exec(ctx, "VACUUM (ANALYZE) entries", "CHECKPOINT")
}

func (p *Postgres) Purge(ctx context.Context, project string) error {
	conn, err := p.dial(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close(ctx)
	statement := fmt.Sprintf("DELETE FROM entries WHERE id IN (SELECT id FROM entries WHERE project = $1 LIMIT %d)", purgeChunk)
	for {
		var tag pgconn.CommandTag
		if tag, err = conn.Exec(ctx, statement, project); err != nil {
			return fmt.Errorf("purge: %w", err)
		}
		if tag.RowsAffected() == 0 {
			return nil
		}
	}
}

// Disk implements Log. The write-ahead log, which PostgreSQL keeps at a size of
// its own choice, and the catalogs are left out.
func (p *Postgres) Disk(ctx context.Context) (int64, error) {
	var n int64
	if err := p.admin.QueryRow(ctx, "SELECT pg_total_relation_size('entries')").Scan(&n); err != nil {
		return 0, fmt.Errorf("size: %w", err)
	}
	return n, nil
}

func (p *Postgres) Pack(ctx context.Context) error {
	return p.exec(ctx, "VACUUM (FULL, ANALYZE) entries", "CHECKPOINT")
}

// IndexWords has searches for words use an index of trigrams.
func (p *Postgres) IndexWords(ctx context.Context) error {
	return p.exec(ctx, "CREATE EXTENSION pg_trgm",
		"CREATE INDEX entries_words ON entries USING gin (detail gin_trgm_ops)",
		"VACUUM (ANALYZE) entries", "CHECKPOINT")
}

func (p *Postgres) exec(ctx context.Context, statements ...string) error {
	for _, statement := range statements {
		if _, err := p.admin.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}
