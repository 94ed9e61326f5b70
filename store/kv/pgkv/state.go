package pgkv

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"auditlog/store/kv"
	"auditlog/store/kv/pgkv/kept"
)

// state is what is known of one version of the database. It is never changed.
type state struct {
	version int64
	// writer is who made the version: no other commit, of any history of the database, has both.
	writer string
	server server // that it was read from, or written to
	// held is the bucket that every transaction has at hand.
	held map[string]row
	// last is the greatest key of the bucket that is appended to, or one behind it.
	last []byte
}

// is reports whether two states are the same one.
func (s *state) is(other *state) bool { return s.version == other.version && s.writer == other.writer }

// row is a key and its value, with the version that put it.
type row struct {
	key     []byte
	version int64
	value   []byte
}

func rowOf(v kept.Value) row { return row{v.Key, v.Version, v.Bytes} }

func (r row) kept() kept.Value { return kept.Value{Key: r.key, Version: r.version, Bytes: r.value} }

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
	aboutMark
	aboutHeld
	aboutAppended
	aboutWatched
)

// stateStatement returns the statement that reads the state, and what came since another, in one
// go: of an unchanged log that is one row.
func (db *DB) stateStatement(c catalog) *statement {
	parts := []string{`SELECT 0, writer, version, convert_to(current_setting('synchronous_standby_names'), 'UTF8') FROM log`,
		`SELECT 1, id, last, ''::bytea FROM writers WHERE id = $3 AND (SELECT version FROM log) > $1`}
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
	return &statement{name: name, sql: strings.Join(parts, " UNION ALL "), types: []uint32{oidInt8, oidBytea, oidBytea}}
}

// stateReader reads a state that is as new as another or newer.
type stateReader struct {
	call *call
	news news
	now  state
	// follows says that what was read follows the other.
	follows bool
}

// readState returns what reads the state, and has the changes since another come along.
func (db *DB) readState(since *state, c catalog) *stateReader {
	r := &stateReader{news: news{since: since}, now: state{version: -1, held: make(map[string]row)}}
	r.call = &call{statement: db.stateStatement(c), args: [][]byte{int8(since.version), nonNil(since.last), []byte(since.writer)}, row: func(columns [][]byte) {
		got := row{bytes.Clone(columns[1]), readInt8(columns[2]), bytes.Clone(columns[3])}
		switch columns[0][len(columns[0])-1] {
		case aboutLog:
			r.now.version, r.now.writer = got.version, string(got.key)
			db.async.Store(len(got.value) == 0)
		case aboutMark:
			r.follows = got.version >= since.version
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

// errStale is the error of a server that is behind what was read before, or of which nobody knows yet
// whether it is.
var errStale = errors.New("the database answers with an older state than was read from it: an old primary still answers, or a copy was put in its place")

// errForked is the error of everything once the database has lost what was read from it.
var errForked = fmt.Errorf("%w: a server took over that had not got all of it, or a copy was put in its place", kv.ErrForked)

// learn takes what a stateReader has read from a server, and returns the state. Every state that it
// returns follows the one that was known before, in one history, or nothing is returned any more:
// what was read of another cannot be told from what is there, once versions have come as far.
func (db *DB) learn(r *stateReader, from server) (*state, error) {
	since := r.news.since
	switch {
	case r.now.is(since):
		return since, nil
	case db.isOlder(from), !r.follows && from.timeline == 0 && r.now.version < since.version:
		return nil, errStale
	case !r.follows:
		return nil, db.fork()
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
	now.server = from
	if !db.advance(since, now) {
		return nil, errStale
	}
	return now, nil
}

// advance has a state that follows another be the newest known, unless there is a newer one. It
// reports false where it is not certain that both are of one history: another server was read
// meanwhile.
func (db *DB) advance(since, now *state) bool {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.state != since && db.state.server != now.server {
		return false
	}
	if now.version > db.state.version {
		db.state = now
	}
	return true
}

// Mark names the newest state that was read or written.
func (db *DB) Mark() string {
	s := db.newest()
	return fmt.Sprintf("%d-%x", s.version, s.writer)
}

// holds asks whether the version that a writer made is in the history of the database: from that
// commit on its row says so.
var holds = &statement{name: "holds", sql: "SELECT 1 FROM writers WHERE id = $1 AND last >= $2", types: []uint32{oidBytea, oidInt8}}

// held returns the call that asks whether a version is in the history.
func held(version int64, writer []byte, is *bool) *call {
	return &call{statement: holds, args: [][]byte{nonNil(writer), int8(version)}, row: func([][]byte) { *is = true }}
}

// Holds reports whether the database holds what it did when Mark returned a mark.
func (db *DB) Holds(mark string) (is bool, err error) {
	var version int64
	var writer []byte
	if n, err := fmt.Sscanf(mark, "%d-%x", &version, &writer); n < 1 {
		return false, fmt.Errorf("%q is no mark of a state: %w", mark, err)
	}
	err = db.View(func(t kv.Tx) error {
		t.(*tx).read(held(version, writer, &is))
		return t.Err()
	})
	return is, err
}

// after returns the state that writes of a writer have led to, on a server.
func (s *state) after(w *writes, opts *Options, writer []byte, on server) *state {
	next := &state{version: s.version + 1, writer: string(writer), server: on, held: s.heldAfter(w, opts), last: s.last}
	if key := w.greatest[opts.Appended]; key > string(next.last) {
		next.last = []byte(key)
	}
	return next
}

// heldAfter returns what is at hand once writes are there.
func (s *state) heldAfter(w *writes, opts *Options) map[string]row {
	changes := w.buckets[opts.Held]
	if len(changes) == 0 {
		return s.held
	}
	held := maps.Clone(s.held)
	for key, v := range changes {
		if v == nil {
			delete(held, key)
		} else {
			held[key] = row{[]byte(key), s.version + 1, bytes.Clone(v)}
		}
	}
	return held
}
