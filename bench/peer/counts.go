package peer

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"auditlog/audit"
	"auditlog/rpc"
)

// Counts are numbers of entries: by resource type, by action, by actor, and by outcome in each
// month of UTC.
type Counts struct{ Types, Actions, Actors, Months map[string]int64 }

func newCounts() Counts {
	return Counts{make(map[string]int64), make(map[string]int64), make(map[string]int64), make(map[string]int64)}
}

// add adds a row of what countSQL selects.
func (c *Counts) add(kind, action, actor, outcome, month string, n int64) {
	c.Types[kind] += n
	c.Actions[action] += n
	c.Actors[actor] += n
	c.Months[month+" "+outcome] += n
}

// statsRequest asks for counts.
func statsRequest(q audit.Query) rpc.StatsRequest {
	return rpc.StatsRequest{Query: rpc.QueryOf(q), Interval: "month", Top: audit.MaxTop}
}

// countsOf returns what a log answered.
func countsOf(res *rpc.StatsResult) Counts {
	c := newCounts()
	for into, values := range map[*map[string]int64][]rpc.ValueCount{
		&c.Types: res.Types.Top, &c.Actions: res.Actions.Top, &c.Actors: res.Actors.Top,
	} {
		for _, v := range values {
			(*into)[v.Value] = v.Count
		}
	}
	for _, b := range res.Buckets {
		for outcome, n := range map[audit.Outcome]int64{
			audit.Success: b.Success, audit.Forbidden: b.Forbidden, audit.Error: b.Error,
		} {
			if n > 0 {
				c.Months[b.From.UTC().Format("2006-01 ")+string(outcome)] += n
			}
		}
	}
	return c
}

func (c *leanConn) Count(_ context.Context, q audit.Query) (Counts, error) {
	var err error
	if c.body, err = json.Marshal(statsRequest(q)); err != nil {
		return Counts{}, fmt.Errorf("count: %w", err)
	}
	body, err := c.call(&c.stats)
	if err != nil {
		return Counts{}, fmt.Errorf("count: %w", err)
	}
	var answer rpc.Answer[rpc.StatsResult]
	if err := json.Unmarshal(body, &answer); err != nil || answer.Result == nil {
		return Counts{}, fmt.Errorf("count: %.200s: %w", body, err)
	}
	return countsOf(answer.Result), nil
}

func (c *packageConn) Count(ctx context.Context, q audit.Query) (Counts, error) {
	res, err := c.client.Stats(ctx, statsRequest(q))
	if err != nil {
		return Counts{}, fmt.Errorf("count: %w", err)
	}
	return countsOf(&res), nil
}

func (c *postgresConn) Count(ctx context.Context, q audit.Query) (Counts, error) {
	s := countSQL(&q, "to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM')", postgresPlaceholder, func(t time.Time) any { return t })
	rows, err := c.conn.Query(ctx, s.sql, s.args...)
	if err != nil {
		return Counts{}, fmt.Errorf("count: %w", err)
	}
	defer rows.Close()
	counts := newCounts()
	for rows.Next() {
		var kind, action, actor, outcome, month string
		var n int64
		if err := rows.Scan(&kind, &action, &actor, &outcome, &month, &n); err != nil {
			return Counts{}, fmt.Errorf("count: %w", err)
		}
		counts.add(kind, action, actor, outcome, month, n)
	}
	return counts, rows.Err()
}

func (c *sqliteConn) Count(_ context.Context, q audit.Query) (Counts, error) {
	rows, err := c.ask(countSQL(&q, "strftime('%Y-%m', created_at / 1000000, 'unixepoch')", sqlitePlaceholder, sqliteTime))
	if err != nil {
		return Counts{}, fmt.Errorf("count: %w", err)
	}
	defer rows.Close()
	counts := newCounts()
	for row := make([]driver.Value, 6); ; {
		err := rows.Next(row)
		if errors.Is(err, io.EOF) {
			return counts, nil
		}
		if err != nil {
			return Counts{}, fmt.Errorf("count: %w", err)
		}
		text := func(i int) string { s, _ := row[i].(string); return s }
		n, _ := row[5].(int64)
		counts.add(text(0), text(1), text(2), text(3), text(4), n)
	}
}
