package pgkv

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// state is what is known of one version of the database. It is never changed.
type state struct {
	version int64
	// held is the bucket that every transaction has at hand.
	held map[string]row
	// last is the greatest key of the bucket that is appended to, or one behind it.
	last []byte
}

// row is a key and its value, with the version that put it.
type row struct {
	key     []byte
	version int64
	value   []byte
}

func byKey(a, b row) int { return bytes.Compare(a.key, b.key) }

// news is what came between two states, in the order of keys.
type news struct {
	since    *state
	appended []row // to the bucket that is appended to, behind since.last
	watched  []row // put into the bucket that is watched, behind since.version
}

// What the rows of the statement that reads the state are.
const (
	aboutLog = iota
	aboutHeld
	aboutAppended
	aboutWatched
)

// stateStatement returns the statement that reads the state, and what came since another, in one
// go: of an unchanged log that is one row.
func (db *DB) stateStatement(c catalog) *statement {
	parts := []string{`SELECT 0, ''::bytea, version, convert_to(current_setting('synchronous_standby_names'), 'UTF8') FROM log`}
	name := "state"
	add := func(what int, bucket, condition string) {
		if c[bucket] != nil {
			parts = append(parts, fmt.Sprintf(`SELECT %d, k, version, v FROM %s WHERE %s`, what, quoted(bucket), condition))
			name += fmt.Sprint(" ", what)
		}
	}
	add(aboutHeld, db.opts.Held, `(SELECT version FROM log) > $1`)
	add(aboutAppended, db.opts.Appended, `k > $2`)
	add(aboutWatched, db.opts.Watched, `version > $1`)
	return &statement{name: name, sql: strings.Join(parts, " UNION ALL "), types: []uint32{oidInt8, oidBytea}}
}

// stateReader reads a state that is as new as another or newer.
type stateReader struct {
	call *call
	news news
	now  state
}

// readState returns what reads the state, and has the changes since another come along.
func (db *DB) readState(since *state, c catalog) *stateReader {
	r := &stateReader{news: news{since: since}, now: state{version: -1, held: make(map[string]row)}}
	r.call = &call{statement: db.stateStatement(c), args: [][]byte{int8(since.version), since.last}, row: func(columns [][]byte) {
		got := row{bytes.Clone(columns[1]), readInt8(columns[2]), bytes.Clone(columns[3])}
		switch columns[0][len(columns[0])-1] {
		case aboutLog:
			r.now.version = got.version
			db.async.Store(len(got.value) == 0)
		case aboutHeld:
			r.now.held[string(got.key)] = got
		case aboutAppended:
			r.news.appended = append(r.news.appended, got)
		case aboutWatched:
			r.news.watched = append(r.news.watched, got)
		}
	}}
	return r
}

// errStale is the error of a server that is behind what was read before.
var errStale = errors.New("the database has gone back to an older state than was read from it: " +
	"what another server had not got yet is gone, or a copy was put in its place; start this process again to go on with what is there")

// learn takes what a stateReader has read, and returns the state.
func (db *DB) learn(r *stateReader) (*state, error) {
	since := r.news.since
	switch {
	case r.now.version < since.version:
		return nil, errStale
	case r.now.version == since.version:
		return since, nil
	}
	slices.SortFunc(r.news.appended, byKey)
	slices.SortFunc(r.news.watched, byKey)
	now := &r.now
	now.last = since.last
	if n := len(r.news.appended); n > 0 {
		now.last = r.news.appended[n-1].key
	}
	for _, key := range db.opts.Fixed {
		if was, is := since.held[key].value, now.held[key].value; was != nil && !bytes.Equal(was, is) {
			return nil, fmt.Errorf("%s: the database is another one by now, or of a newer auditlog: its %s has changed; start this one again", db.Name(), key)
		}
	}
	db.advance(now)
	return now, nil
}

// advance has a state be the newest known, unless there is a newer one.
func (db *DB) advance(s *state) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.state == nil || s.version > db.state.version {
		db.state = s
	}
}

// after returns the state that writes have led to, nil where that has to be read.
func (s *state) after(w *writes, opts *Options) *state {
	if w.ranges[opts.Held] {
		return nil
	}
	next := &state{version: s.version + 1, held: s.held, last: s.last}
	if changes := w.buckets[opts.Held]; len(changes) > 0 {
		next.held = maps.Clone(s.held)
		for key, v := range changes {
			if v == nil {
				delete(next.held, key)
			} else {
				next.held[key] = row{[]byte(key), next.version, bytes.Clone(v)}
			}
		}
	}
	if key := w.greatest[opts.Appended]; key > string(next.last) {
		next.last = []byte(key)
	}
	return next
}
