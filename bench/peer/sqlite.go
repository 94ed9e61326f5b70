package peer

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/mattn/go-sqlite3"

	"auditlog/audit"
)

// SQLite is the library, used through the driver that wraps the C code: it is
// faster than the one that is translated to Go. All writers share one connection,
// which takes turns without the waiting that SQLite's own lock makes of it; each
// reader has its own.
type SQLite struct {
	folder string

	mu     sync.Mutex // guards what follows
	writer *sqliteConn
	insert driver.Stmt
	many   driver.Stmt
}

// NewSQLite returns the log in folder.
func NewSQLite(folder string) *SQLite { return &SQLite{folder: folder} }

// sqliteOptions are those of each connection: 64 MiB of cache and, beyond it, the
// file mapped.
const sqliteOptions = "?_journal_mode=WAL&_synchronous=FULL&_cache_size=-65536&_busy_timeout=60000&_txlock=immediate"

// sqliteRows is how many rows one statement of a bulk load inserts. More are no
// faster.
const sqliteRows = 20

func (s *SQLite) Name() string     { return "SQLite" }
func (s *SQLite) Folder() string   { return s.folder }
func (s *SQLite) Processes() []int { return []int{os.Getpid()} }
func (s *SQLite) Kill() error      { return errors.ErrUnsupported }

func (s *SQLite) Start(context.Context) error {
	writer, err := s.open()
	if err != nil {
		return err
	}
	s.writer = writer
	tables, err := writer.count("SELECT count(*) FROM sqlite_master WHERE name = 'entries'")
	if err != nil {
		return err
	}
	if tables == 0 {
		now := "(CAST(unixepoch('subsec') * 1e6 AS integer))"
		for _, statement := range schema("integer PRIMARY KEY", "integer", now, "text") {
			if err := writer.exec(statement); err != nil {
				return err
			}
		}
	}
	if s.insert, err = writer.Prepare(insertSQL(1, sqlitePlaceholder)); err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	if s.many, err = writer.Prepare(insertSQL(sqliteRows, sqlitePlaceholder)); err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	return nil
}

func sqlitePlaceholder(int) string { return "?" }

func (s *SQLite) open() (*sqliteConn, error) {
	path := filepath.Join(s.folder, "entries.sqlite")
	c, err := (&sqlite3.SQLiteDriver{}).Open("file:" + path + sqliteOptions)
	if err != nil {
		return nil, fmt.Errorf("open SQLite: %w", err)
	}
	conn := &sqliteConn{SQLiteConn: c.(*sqlite3.SQLiteConn), log: s, statements: make(map[string]driver.Stmt)}
	return conn, conn.exec("PRAGMA mmap_size = 1073741824")
}

func (s *SQLite) Stop() error {
	if s.writer == nil {
		return nil
	}
	err := errors.Join(s.insert.Close(), s.many.Close(), s.writer.Close())
	s.writer = nil
	return err
}

func (s *SQLite) Connect(context.Context) (Conn, error) { return s.open() }

func (s *SQLite) Settle(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.writer.exec("PRAGMA wal_checkpoint(TRUNCATE)"), s.writer.exec("ANALYZE"))
}

// purgeChunk is how many rows one transaction of a purge deletes.
const purgeChunk = 2000

func (s *SQLite) Purge(ctx context.Context, project string) error {
	for ctx.Err() == nil {
		n, err := s.purgeStep(project)
		if n == 0 || err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (s *SQLite) purgeStep(project string) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	res, err := s.writer.Exec(fmt.Sprintf("DELETE FROM entries WHERE id IN (SELECT id FROM entries WHERE project = ? LIMIT %d)", purgeChunk),
		[]driver.Value{project})
	if err != nil {
		return 0, fmt.Errorf("purge: %w", err)
	}
	return res.RowsAffected()
}

func (s *SQLite) Disk(context.Context) (int64, error) { return Size(s.folder) }

func (s *SQLite) Pack(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.writer.exec("VACUUM"), s.writer.exec("PRAGMA wal_checkpoint(TRUNCATE)"))
}

// sqliteConn is a connection, with the statements that it has prepared.
type sqliteConn struct {
	*sqlite3.SQLiteConn
	log        *SQLite
	statements map[string]driver.Stmt
	row        []driver.Value
}

func (c *sqliteConn) exec(statement string) error {
	if _, err := c.Exec(statement, nil); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

func (c *sqliteConn) count(statement string) (int64, error) {
	rows, err := c.Query(statement, nil)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", statement, err)
	}
	defer rows.Close()
	value := make([]driver.Value, 1)
	if err := rows.Next(value); err != nil {
		return 0, fmt.Errorf("%s: %w", statement, err)
	}
	return value[0].(int64), nil
}

// sqliteValues appends those of an entry.
func sqliteValues(list []driver.Value, e *audit.Entry) ([]driver.Value, error) {
	var buf [20]any
	row, err := values(buf[:0], e, e.CreatedAt.UnixMicro())
	for _, v := range row {
		list = append(list, v)
	}
	return list, err
}

func (c *sqliteConn) Bulk(_ context.Context, entries []audit.Entry) error {
	list := make([]driver.Value, 0, len(entries)*len(columns))
	for i := range entries {
		var err error
		if list, err = sqliteValues(list, &entries[i]); err != nil {
			return err
		}
	}
	c.log.mu.Lock()
	defer c.log.mu.Unlock()
	tx, err := c.log.writer.Begin()
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := c.log.insertAll(list); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// insertAll inserts rows within a transaction. The caller holds mu.
func (s *SQLite) insertAll(list []driver.Value) error {
	for len(list) > 0 {
		statement, n := s.many, sqliteRows*len(columns)
		if len(list) < n {
			statement, n = s.insert, len(columns)
		}
		if _, err := statement.Exec(list[:n]); err != nil {
			return fmt.Errorf("insert: %w", err)
		}
		list = list[n:]
	}
	return nil
}

func (c *sqliteConn) Insert(_ context.Context, e *audit.Entry) error {
	list, err := sqliteValues(c.row[:0], e)
	if err != nil {
		return err
	}
	c.row = list
	c.log.mu.Lock()
	defer c.log.mu.Unlock()
	return c.log.insertAll(list)
}

func (c *sqliteConn) List(_ context.Context, q audit.Query, limit int) ([]audit.Entry, error) {
	rows, err := c.ask(selectSQL(&q, limit, sqlitePlaceholder, sqliteTime))
	if err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	defer rows.Close()
	return sqliteEntries(rows, limit)
}

func sqliteTime(t time.Time) any { return t.UnixMicro() }

// ask runs a statement, which is prepared once.
func (c *sqliteConn) ask(s selection) (driver.Rows, error) {
	statement := c.statements[s.sql]
	if statement == nil {
		var err error
		if statement, err = c.Prepare(s.sql); err != nil {
			return nil, fmt.Errorf("prepare: %w", err)
		}
		c.statements[s.sql] = statement
	}
	args := make([]driver.Value, len(s.args))
	for i, v := range s.args {
		args[i] = v
	}
	return statement.Query(args)
}

func sqliteEntries(rows driver.Rows, limit int) ([]audit.Entry, error) {
	entries := make([]audit.Entry, 0, limit)
	row := make([]driver.Value, len(columns)+2)
	for {
		err := rows.Next(row)
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list: %w", err)
		}
		text := func(i int) string { s, _ := row[i].(string); return s }
		e := audit.Entry{
			ID: row[0].(int64), Project: text(1),
			Actor:  audit.Actor{Email: text(2), Type: audit.ActorType(text(3)), Label: text(4)},
			Action: text(5), Resource: audit.Resource{Type: text(6), ID: text(7), Name: text(8), LocationID: text(9)},
			Outcome: audit.Outcome(text(10)), Detail: text(11), Channel: audit.Channel(text(12)),
			Request:   audit.Request{IP: text(13), UserAgent: text(14), ID: text(15)},
			CreatedAt: time.UnixMicro(row[18].(int64)).UTC(), RecordedAt: time.UnixMicro(row[19].(int64)).UTC(),
		}
		var changes, metadata []byte
		if row[16] != nil {
			changes = []byte(text(16))
		}
		if row[17] != nil {
			metadata = []byte(text(17))
		}
		if err := decode(&e, changes, metadata); err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
}

// Close implements Conn.
func (c *sqliteConn) Close() error {
	for _, s := range c.statements {
		s.Close()
	}
	return c.SQLiteConn.Close()
}
