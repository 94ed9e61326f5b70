package pgkv

import (
	"fmt"
)

// table is a bucket: a table of keys, values, and the version of the commit that put them.
type table struct {
	name   string
	cached bool // its values are kept, and not sent again

	get, many, since, end               *statement
	from, behind, before, upTo, last    *statement
	put, remove, removeRange, removeFew *statement
}

// newTable returns a bucket's table with its statements.
func newTable(name string, cached bool) *table {
	t := &table{name: name, cached: cached}
	make := func(what, sql string, types ...uint32) *statement {
		return &statement{name: what + " " + name, sql: fmt.Sprintf(sql, quoted(name)), types: types}
	}
	t.get = make("get", `SELECT version, CASE WHEN version = $2 THEN NULL ELSE v END FROM %s WHERE k = $1`, oidBytea, oidInt8)
	t.many = make("many", `SELECT t.k, t.version, CASE WHEN t.version = u.version THEN NULL ELSE t.v END
		FROM unnest($1, $2) u (k, version) JOIN %s t ON t.k = u.k`, oidByteaArray, oidInt8Array)
	t.since = make("since", `SELECT k, version, v FROM %s WHERE version > $1 ORDER BY k`, oidInt8)
	t.end = make("end", `SELECT k FROM %s ORDER BY k DESC LIMIT 1`)
	window := func(what, condition, order string) *statement {
		value := "v"
		types := []uint32{oidBytea, oidInt8}
		if cached { // $3 and $4 are what is kept
			value = "CASE WHEN version = ($4)[array_position($3, k)] THEN NULL ELSE v END"
			types = append(types, oidByteaArray, oidInt8Array)
		}
		return make(what, `SELECT k, version, `+value+` FROM %s WHERE k `+condition+` $1 ORDER BY k `+order+` LIMIT $2`, types...)
	}
	t.from, t.behind = window("from", ">=", ""), window("behind", ">", "")
	t.before, t.upTo = window("before", "<", "DESC"), window("up to", "<=", "DESC")
	t.last = window("last", "IS DISTINCT FROM", "DESC")
	t.put = make("put", `INSERT INTO %s (k, version, v) SELECT u.k, $1, u.v FROM unnest($2, $3) u (k, v)
		ON CONFLICT (k) DO UPDATE SET version = excluded.version, v = excluded.v`, oidInt8, oidByteaArray, oidByteaArray)
	t.remove = make("remove", `DELETE FROM %s WHERE k = ANY ($1)`, oidByteaArray)
	t.removeRange = make("remove range", `DELETE FROM %s WHERE k >= $1 AND ($2 OR k < $3)`, oidBytea, oidBool, oidBytea)
	t.removeFew = make("remove few", `DELETE FROM %[1]s WHERE k = ANY (ARRAY (
		SELECT k FROM %[1]s WHERE k >= $1 AND ($2 OR k < $3) ORDER BY k LIMIT $4))`, oidBytea, oidBool, oidBytea, oidInt8)
	return t
}

// create returns the statements that make a table. Values are not compressed by the server,
// for they are already, and its rows that went are cleared away soon: by default that waits for
// a fifth of a table, which is as many bytes again. Values of a bucket that is appended to are gone
// soon, so those that fit into a page stay in the row: set aside they are several rows and keys.
func (t *table) create(appended, watched bool) []*statement {
	all := []*statement{
		{name: "create " + t.name, sql: fmt.Sprintf(`CREATE TABLE IF NOT EXISTS %s (k bytea PRIMARY KEY, version bigint NOT NULL, v bytea NOT NULL)
			WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0,
			toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 2000, toast.autovacuum_vacuum_cost_delay = 0)`,
			quoted(t.name))},
		{name: "store " + t.name, sql: fmt.Sprintf(`ALTER TABLE %s ALTER v SET STORAGE EXTERNAL`, quoted(t.name))},
	}
	if appended {
		all = append(all, &statement{name: "inline " + t.name, sql: fmt.Sprintf(`ALTER TABLE %s SET (toast_tuple_target = 8160)`, quoted(t.name))})
	}
	if watched {
		all = append(all, &statement{name: "watch " + t.name, sql: fmt.Sprintf(`CREATE INDEX IF NOT EXISTS %s ON %s (version)`,
			quoted(t.name+"_version"), quoted(t.name))})
	}
	return all
}

// catalog is the tables that there are. It is not changed once it is shared.
type catalog map[string]*table
