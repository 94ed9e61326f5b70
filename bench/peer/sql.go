package peer

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"auditlog/audit"
)

// columns are those of the table that a caller gives, in the order of values.
var columns = []string{
	"project", "actor_email", "actor_type", "actor_label", "action",
	"resource_type", "resource_id", "resource_name", "resource_location",
	"outcome", "detail", "channel", "request_ip", "request_agent", "request_id",
	"changes", "metadata", "created_at",
}

// indexes are the columns that each index has between the project and the time.
// Without "" there are those of the listings that filter by one thing.
var indexes = []string{"", "resource_type", "outcome", "actor_email"}

// schema returns the statements that make the table and its indexes.
func schema(id, timestamp, now, structured string) []string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE entries (\n\tid %s", id)
	for _, c := range columns {
		switch c {
		case "changes", "metadata":
			fmt.Fprintf(&b, ",\n\t%s %s", c, structured)
		case "created_at":
			fmt.Fprintf(&b, ",\n\t%s %s NOT NULL", c, timestamp)
		default:
			fmt.Fprintf(&b, ",\n\t%s text NOT NULL", c)
		}
	}
	fmt.Fprintf(&b, ",\n\trecorded_at %s NOT NULL DEFAULT %s\n)", timestamp, now)
	statements := []string{b.String()}
	for _, c := range indexes {
		name, keys := "entries_newest", "project"
		if c != "" {
			name, keys = "entries_"+c, "project, "+c
		}
		statements = append(statements, fmt.Sprintf("CREATE INDEX %s ON entries (%s, created_at DESC, id DESC)", name, keys))
	}
	return statements
}

// insertSQL returns the statement that inserts rows of the columns. placeholder
// makes that of parameter n, counted from 1.
func insertSQL(rows int, placeholder func(n int) string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "INSERT INTO entries (%s) VALUES ", strings.Join(columns, ", "))
	for n := range rows * len(columns) {
		switch {
		case n%len(columns) != 0:
			b.WriteString(", ")
		case n == 0:
			b.WriteString("(")
		default:
			b.WriteString("), (")
		}
		b.WriteString(placeholder(n + 1))
	}
	b.WriteString(")")
	return b.String()
}

// values appends those of an entry for the columns; at is that of its time.
func values(list []any, e *audit.Entry, at any) ([]any, error) {
	list = append(list, e.Project, e.Actor.Email, string(e.Actor.Type), e.Actor.Label, e.Action,
		e.Resource.Type, e.Resource.ID, e.Resource.Name, e.Resource.LocationID,
		string(e.Outcome), e.Detail, string(e.Channel), e.Request.IP, e.Request.UserAgent, e.Request.ID)
	changes, err := encode(e.Changes, len(e.Changes))
	if err != nil {
		return nil, err
	}
	metadata, err := encode(e.Metadata, len(e.Metadata))
	if err != nil {
		return nil, err
	}
	return append(list, changes, metadata, at), nil
}

// encode returns v as JSON, or NULL when there is nothing in it.
func encode(v any, n int) (any, error) {
	if n == 0 {
		return nil, nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode entry: %w", err)
	}
	return string(b), nil
}

// selection is a listing as SQL.
type selection struct {
	sql  string
	args []any
}

// selectSQL returns the statement of a listing with the filters that are set and
// no others, so that the planner sees each kind of listing by itself.
func selectSQL(q *audit.Query, limit int, placeholder func(n int) string, at func(time.Time) any) selection {
	s, where := whereSQL(q, placeholder, at)
	s.sql = fmt.Sprintf("SELECT id, %s, recorded_at FROM entries WHERE %s ORDER BY created_at DESC, id DESC LIMIT %d",
		strings.Join(columns, ", "), where, limit)
	return s
}

// countSQL returns the statement that counts entries by the columns that are asked for and by
// month: one pass over them, which is less work than one for each column. month makes the month.
func countSQL(q *audit.Query, month string, placeholder func(n int) string, at func(time.Time) any) selection {
	s, where := whereSQL(q, placeholder, at)
	s.sql = fmt.Sprintf("SELECT resource_type, action, actor_email, outcome, %s, count(*) FROM entries WHERE %s GROUP BY 1, 2, 3, 4, 5",
		month, where)
	return s
}

// whereSQL returns the conditions of a query, with what they are given.
func whereSQL(q *audit.Query, placeholder func(n int) string, at func(time.Time) any) (s selection, conditions string) {
	var all []string
	where := func(condition string, value any) {
		s.args = append(s.args, value)
		all = append(all, condition+placeholder(len(s.args)))
	}
	where("project = ", q.Project)
	for _, c := range []struct{ name, column string }{
		{"resourceType", "resource_type"}, {"outcome", "outcome"}, {"actor", "actor_email"},
	} {
		if value := q.Is.One(c.name); value != "" {
			where(c.column+" = ", value)
		}
	}
	if !q.From.IsZero() {
		where("created_at >= ", at(q.From))
	}
	if !q.To.IsZero() {
		where("created_at < ", at(q.To))
	}
	if q.Text != "" {
		where("detail LIKE ", "%"+q.Text+"%")
	}
	return s, strings.Join(all, " AND ")
}

// decode fills in what the columns that hold JSON hold.
func decode(e *audit.Entry, changes, metadata []byte) error {
	if changes != nil {
		if err := json.Unmarshal(changes, &e.Changes); err != nil {
			return fmt.Errorf("decode changes: %w", err)
		}
	}
	if metadata != nil {
		if err := json.Unmarshal(metadata, &e.Metadata); err != nil {
			return fmt.Errorf("decode metadata: %w", err)
		}
	}
	return nil
}
