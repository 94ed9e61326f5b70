package peer

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"auditlog/audit"
)

// postgresConn is a connection. pgx prepares each statement once a connection.
type postgresConn struct {
	conn   *pgx.Conn
	insert string
	row    []any
}

func (c *postgresConn) Bulk(ctx context.Context, entries []audit.Entry) error {
	n, err := c.conn.CopyFrom(ctx, pgx.Identifier{"entries"}, columns, &copySource{entries: entries})
	if err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	if n != int64(len(entries)) {
		return fmt.Errorf("copy: %d of %d rows", n, len(entries))
	}
	return nil
}

// copySource feeds entries to COPY.
type copySource struct {
	entries []audit.Entry
	row     []any
	err     error
}

func (s *copySource) Next() bool {
	if len(s.entries) == 0 || s.err != nil {
		return false
	}
	e := &s.entries[0]
	s.row, s.err = values(s.row[:0], e, e.CreatedAt)
	s.entries = s.entries[1:]
	return s.err == nil
}

func (s *copySource) Values() ([]any, error) { return s.row, nil }
func (s *copySource) Err() error             { return s.err }

func (c *postgresConn) Insert(ctx context.Context, e *audit.Entry) error {
	var err error
	if c.row, err = values(c.row[:0], e, e.CreatedAt); err != nil {
		return err
	}
	if _, err := c.conn.Exec(ctx, c.insert, c.row...); err != nil {
		return fmt.Errorf("insert: %w", err)
	}
	return nil
}

func (c *postgresConn) List(ctx context.Context, q audit.Query, limit int) ([]audit.Entry, error) {
	s := selectSQL(&q, limit, postgresPlaceholder, func(t time.Time) any { return t })
	rows, err := c.conn.Query(ctx, s.sql, s.args...)
	if err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	defer rows.Close()
	entries := make([]audit.Entry, 0, limit)
	for rows.Next() {
		var e audit.Entry
		var changes, metadata []byte
		if err := rows.Scan(&e.ID, &e.Project, &e.Actor.Email, &e.Actor.Type, &e.Actor.Label, &e.Action,
			&e.Resource.Type, &e.Resource.ID, &e.Resource.Name, &e.Resource.LocationID,
			&e.Outcome, &e.Detail, &e.Channel, &e.Request.IP, &e.Request.UserAgent, &e.Request.ID,
			&changes, &metadata, &e.CreatedAt, &e.RecordedAt); err != nil {
			return nil, fmt.Errorf("list: %w", err)
		}
		e.CreatedAt, e.RecordedAt = e.CreatedAt.UTC(), e.RecordedAt.UTC()
		if err := decode(&e, changes, metadata); err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	return entries, nil
}

func (c *postgresConn) Close() error { return c.conn.Close(context.Background()) }
