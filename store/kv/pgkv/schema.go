package pgkv

import (
	"fmt"
	"maps"
	"slices"
)

// schemaVersion is that of the tables which this engine makes and writes.
const schemaVersion = 2

// The tables beside those of the buckets.
const (
	logTable     = "log"
	writersTable = "writers"
)

var (
	// lockSchema lets one process at a time look whether there are tables, and make them.
	lockSchema = &statement{name: "lock schema", sql: "SELECT pg_advisory_xact_lock(8101926)"}
	listTables = &statement{name: "list tables", types: []uint32{oidBytea}, sql: `SELECT c.relname::text FROM pg_class c
		JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = convert_from($1, 'UTF8') AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`}
	readSchema = &statement{name: "read schema", sql: "SELECT schema::bigint FROM log"}

	createLog = &statement{name: "create log", sql: `CREATE TABLE log (one boolean PRIMARY KEY DEFAULT true CHECK (one),
		schema integer NOT NULL, version bigint NOT NULL, height bigint NOT NULL, writer bytea NOT NULL) WITH (fillfactor = 50)`}
	createWriters = &statement{name: "create writers", sql: `CREATE TABLE writers (id bytea PRIMARY KEY, last bigint NOT NULL,
		seen timestamptz NOT NULL DEFAULT now()) WITH (fillfactor = 50)`}
	beginLog = &statement{
		name: "begin log", types: []uint32{oidInt8},
		sql: "INSERT INTO log (schema, version, height, writer) VALUES ($1::integer, 0, 0, '')",
	}
	// beginWriters has the writer without an id, who stands for those of before there were any, have made
	// the newest version. It is kept for ever.
	beginWriters = &statement{name: "begin writers", sql: "INSERT INTO writers (id, last, seen) SELECT '', version, 'infinity' FROM log"}
	// forgetWriters drops those that are gone for long.
	forgetWriters = &statement{name: "forget writers", sql: "DELETE FROM writers WHERE seen < now() - interval '30 days'"}
)

// step brings the tables from a version to the next.
type step struct {
	name string
	sql  []string
}

// steps are those from version 1 on. What an older program writes fails behind each.
var steps = []step{
	{"who made the newest version stands beside it", []string{
		"ALTER TABLE log ADD COLUMN writer bytea NOT NULL DEFAULT ''",
		"ALTER TABLE log ALTER COLUMN writer DROP DEFAULT",
		"ALTER TABLE writers RENAME COLUMN version TO last",
		beginWriters.sql,
	}},
}

// setUp makes the tables that are missing, and reads which there are and the state that they
// are in. A database with other tables, or those of a newer engine, is left as it is.
func (db *DB) setUp(c *conn) error {
	var names []string
	err := c.exchange(&call{statement: beginWriting}, &call{statement: lockSchema}, db.list(&names))
	if err != nil {
		return db.unavailable(err)
	}
	switch isLog := slices.Contains(names, logTable) && slices.Contains(names, writersTable); {
	case len(names) == 0 && db.opts.Init == nil:
		return fmt.Errorf("there is no log in schema %q", db.schema)
	case len(names) == 0:
		err = c.exchange(&call{statement: &statement{name: "create schema", sql: "CREATE SCHEMA IF NOT EXISTS " + quoted(db.schema)}},
			&call{statement: createLog}, &call{statement: createWriters}, &call{statement: beginLog, args: [][]byte{int8(schemaVersion)}},
			&call{statement: beginWriters})
	case !isLog:
		return fmt.Errorf("schema %q has tables that are not of auditlog: give it another one, with ?search_path=NAME", db.schema)
	default:
		err = db.upgrade(c)
	}
	if err == nil {
		err = c.commit(&call{statement: forgetWriters}, &call{statement: register, args: [][]byte{db.id}}, &call{statement: commit})
	}
	if err == nil {
		err = db.readFirst(c, names)
	}
	return db.unavailable(err)
}

// isBucket reports whether a table is that of a bucket.
func isBucket(table string) bool { return table != logTable && table != writersTable }

// list returns the call that reads the names of all tables.
func (db *DB) list(names *[]string) *call {
	return &call{statement: listTables, args: [][]byte{[]byte(db.schema)}, row: func(columns [][]byte) {
		*names = append(*names, string(columns[0]))
	}}
}

// upgrade brings the tables to the version of this engine, where they are of an older one.
func (db *DB) upgrade(c *conn) error {
	version := int64(0)
	if err := c.exchange(&call{statement: readSchema, row: func(columns [][]byte) { version = readInt8(columns[0]) }}); err != nil {
		return err
	}
	switch {
	case version > schemaVersion:
		return fmt.Errorf("its tables are of schema %d, this auditlog knows up to %d: run a newer one", version, schemaVersion)
	case version < 1:
		return fmt.Errorf("schema %q has no log, but the tables of one", db.schema)
	case version < schemaVersion && db.opts.Init == nil:
		return fmt.Errorf("its tables are of schema %d, and are brought to %d by opening it for writing: start the server once", version, schemaVersion)
	}
	for ; version < schemaVersion; version++ {
		var calls []*call
		step := steps[version-1]
		for i, sql := range append(step.sql, fmt.Sprintf("UPDATE log SET schema = %d", version+1)) {
			calls = append(calls, &call{statement: &statement{name: fmt.Sprint("upgrade ", version, " ", i), sql: sql}})
		}
		if err := c.exchange(calls...); err != nil {
			return fmt.Errorf("upgrade to schema %d (%s): %w", version+1, step.name, err)
		}
	}
	return nil
}

// readFirst reads the first state that is known.
func (db *DB) readFirst(c *conn, names []string) error {
	tables := make(catalog)
	for _, name := range names {
		if isBucket(name) {
			tables[name] = newTable(name, slices.Contains(db.opts.Cached, name))
		}
	}
	first := maps.Clone(tables)
	maps.DeleteFunc(first, func(name string, _ *table) bool { return name != db.opts.Held })
	reader := db.readState(&state{version: unknownVersion}, first)
	calls := []*call{{statement: beginReading}, reader.call}
	last := []byte{}
	if appended := tables[db.opts.Appended]; appended != nil {
		calls = append(calls, &call{statement: appended.end, row: func(columns [][]byte) { last = append(last, columns[0]...) }})
	}
	if err := c.exchange(append(calls, &call{statement: rollback})...); err != nil {
		return err
	}
	now := &reader.now
	now.last, now.server = last, c.server
	db.mu.Lock()
	defer db.mu.Unlock()
	db.state, db.tables = now, tables
	return nil
}
