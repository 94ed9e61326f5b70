package pgkv

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"auditlog/store/kv"
)

var (
	beginWriting = &statement{name: "begin writing", sql: "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"}
	commit       = &statement{name: "commit", sql: "COMMIT"}
	// lockLog waits until whoever has the log in hand lets go of it. What is read behind it is
	// the newest, and stays so until the end of the transaction.
	lockLog = &statement{name: "lock", sql: "SELECT version FROM log FOR UPDATE"}
	// register notes this process among the writers, unless it is there.
	register = &statement{
		name: "register", types: []uint32{oidBytea},
		sql: "INSERT INTO writers (id, version) VALUES ($1, 0) ON CONFLICT (id) DO UPDATE SET seen = now()",
	}
	// madeBy is what this process committed last.
	madeBy = &statement{name: "made by", sql: "SELECT version FROM writers WHERE id = $1", types: []uint32{oidBytea}}
	// compareAndSet begins a commit: it divides by zero, which ends the transaction, unless the
	// log is of the version that the commit follows. Who made it stands beside it.
	compareAndSet = &statement{
		name: "compare and set", types: []uint32{oidInt8, oidInt8, oidBytea},
		sql: `WITH l AS (UPDATE log SET version = $1 + 1, height = greatest(height, $2) WHERE version = $1 RETURNING 1),
			w AS (UPDATE writers SET version = $1 + 1 WHERE id = $3 AND EXISTS (SELECT FROM l) RETURNING 1)
			SELECT 1 / count(*) FROM w`,
	}
	// raise makes a version that holds nothing new: no commit that was meant to follow the one
	// before succeeds any more.
	raise = &statement{name: "raise", sql: "UPDATE log SET version = version + 1"}
)

// errRace is the error of an update that another commit came before.
var errRace = errors.New("another commit came before")

// Update runs fn and commits. It assumes that nothing was committed since it read last, and
// sends the whole commit at once, which the server refuses where that is wrong. Then, or when fn
// has to read or writes nothing, it takes the log in hand first, and nobody comes before it any more.
func (db *DB) Update(fn func(kv.Tx) error) error {
	db.writing.Lock()
	defer db.writing.Unlock()
	if db.closed.Load() {
		return kv.ErrClosed
	}
	until := time.Now().Add(db.opts.Patience)
	if _, err := db.resolve(until); err != nil {
		return absent(db.unavailable(err))
	}
	queued := false
	for wait := firstWait; ; {
		again, err := db.attempt(fn, queued, until)
		if !again {
			return err
		}
		if errors.Is(err, errRace) && !queued {
			queued = true
			continue
		}
		queued = true
		if wait *= 2; time.Now().Add(wait).After(until) {
			return absent(db.unavailable(err))
		}
		if wait > 2*firstWait {
			time.Sleep(wait)
		}
	}
}

// absent is the error of an update that left nothing behind.
func absent(err error) error { return fmt.Errorf("%w: %w", kv.ErrAbsent, err) }

// attempt runs fn once, and commits. again is set when all has to be done anew, which err is the
// reason for.
func (db *DB) attempt(fn func(kv.Tx) error, queued bool, until time.Time) (again bool, err error) {
	t, err := db.beginUpdate(queued)
	if err != nil {
		return db.abandon(err)
	}
	err = fn(t)
	switch {
	case t.err != nil:
		return db.abandon(t.err)
	case err == nil:
		return db.commit(t, until)
	case !t.begun:
		// No commit tells whether that was concluded from the newest state.
		return true, errRace
	}
	db.giveUp()
	if errors.Is(err, kv.ErrNothing) {
		if failed := db.settle(t.state.version, until); failed != nil {
			return false, absent(db.unavailable(failed))
		}
	}
	return false, err
}

// beginUpdate begins a transaction. Of one that is not queued the server learns later.
func (db *DB) beginUpdate(queued bool) (*tx, error) {
	db.mu.Lock()
	t := &tx{db: db, state: db.state, news: news{since: db.state}, tables: db.tables, w: newWrites()}
	db.mu.Unlock()
	if !queued {
		return t, nil
	}
	if err := db.connectWriter(); err != nil {
		return nil, err
	}
	reader := db.readState(t.state, t.tables)
	if err := db.writer.exchange(db.take(reader)...); err != nil {
		return nil, err
	}
	var err error
	t.c, t.news, t.begun = db.writer, reader.news, true
	t.state, err = db.learn(reader)
	return t, err
}

// take returns the calls that take the log in hand, and read the state behind that.
func (db *DB) take(now *stateReader) []*call {
	return []*call{{statement: beginWriting}, {statement: lockLog}, {statement: register, args: [][]byte{db.id}}, now.call}
}

// commit sends what is not there yet, and the end.
func (db *DB) commit(t *tx, until time.Time) (again bool, err error) {
	var calls []*call
	if !t.begun {
		if err := db.connectWriter(); err != nil {
			return db.abandon(err)
		}
		calls = append(calls, &call{statement: beginWriting})
	}
	version := t.state.version + 1
	calls = append(calls, &call{statement: compareAndSet, args: [][]byte{int8(t.state.version), int8(int64(t.height)), db.id}})
	calls = append(calls, t.w.send(version, t.tables)...)
	calls = append(calls, &call{statement: commit})
	err = db.writer.exchange(calls...)
	if err == nil {
		err = db.writer.warning
	}
	switch failed := new(pgconn.PgError); {
	case err == nil:
		db.committed(t)
		return false, nil
	case !errors.Is(err, errLost) && errors.As(err, &failed):
		return db.abandon(err)
	}
	db.hangUp()
	db.unknown = version
	done, failed := db.resolve(until)
	switch {
	case failed != nil:
		return false, fmt.Errorf("%w: %w", kv.ErrUnknown, db.unavailable(errors.Join(err, failed)))
	case done:
		db.committed(t)
		return false, nil
	}
	return true, err
}

// committed takes what a commit has changed into what is known.
func (db *DB) committed(t *tx) {
	db.durable = max(db.durable, t.state.version+1)
	for _, bucket := range db.opts.Cached {
		for key, v := range t.w.buckets[bucket] {
			if v != nil {
				db.cache.put(bucket, row{[]byte(key), t.state.version + 1, bytes.Clone(v)})
			}
		}
	}
	next := t.state.after(t.w, &db.opts)
	db.mu.Lock()
	defer db.mu.Unlock()
	db.tables = t.tables
	if next != nil && next.version > db.state.version {
		db.state = next
	}
}

// abandon ends an attempt that failed before its commit could have taken place. again is set
// when it can be made anew.
func (db *DB) abandon(err error) (again bool, _ error) {
	if isLost(err) || code(err) == readOnly {
		db.hangUp() // of a server that has become a standby, too
		return true, err
	}
	db.giveUp()
	if errors.Is(err, errRace) || isRace(err) {
		return true, errRace
	}
	return false, absent(db.unavailable(err))
}

// giveUp has the transaction of the writing connection end, if there is one.
func (db *DB) giveUp() {
	if c := db.writer; c != nil && c.inTx && c.sendAhead(&call{statement: rollback}) != nil {
		db.hangUp()
	}
}

// hangUp closes the writing connection.
func (db *DB) hangUp() {
	if db.writer != nil && db.writer.silent {
		db.silent.Add(1)
	}
	db.writer.close()
	db.writer = nil
}

// idleLimit has the server end a session that stands still with the log in its hand, so that
// the others can go on: this one's commit fails then.
var idleLimit = &statement{name: "idle", sql: "SET idle_in_transaction_session_timeout = '10s'"}

// connectWriter makes sure that there is a writing connection.
func (db *DB) connectWriter() error {
	if db.writer != nil && db.writer.timeline >= db.timeline.Load() {
		return nil
	}
	db.hangUp()
	c, err := db.dial()
	if err != nil {
		return err
	}
	db.writer = c
	return c.exchange(&call{statement: idleLimit})
}

// errForgotten is the error of an outcome that nobody can tell any more.
var errForgotten = errors.New("the database no longer knows what this process wrote last")

// resolve finds out what became of a commit whose answer was lost, if there is one. It waits for
// the log, and so for the commit if that is still under way, and commits something itself: then
// what was there is durable, and what was not there can no longer come.
func (db *DB) resolve(until time.Time) (done bool, err error) {
	for wait := firstWait; db.unknown != 0; wait *= 2 {
		made := int64(unknownVersion)
		err := db.connectWriter()
		if err == nil {
			err = db.writer.exchange(&call{statement: beginWriting}, &call{statement: lockLog},
				&call{statement: madeBy, args: [][]byte{db.id}, row: func(columns [][]byte) { made = readInt8(columns[0]) }},
				&call{statement: raise}, &call{statement: commit})
		}
		if err == nil {
			err = db.writer.warning
		}
		switch {
		case err == nil && made == unknownVersion:
			return false, errForgotten
		case err == nil:
			done = made == db.unknown
			db.unknown = 0
			return done, nil
		}
		db.hangUp()
		if db.closed.Load() || time.Now().Add(wait).After(until) {
			return false, err
		}
		time.Sleep(wait)
	}
	return false, nil
}

// settle returns once a version, which was read, cannot be lost any more: behind a commit of
// this process that came after it.
func (db *DB) settle(version int64, until time.Time) error {
	for wait := firstWait; version > db.durable; wait *= 2 {
		err := db.connectWriter()
		if err == nil {
			err = db.writer.exchange(&call{statement: beginWriting}, &call{statement: register, args: [][]byte{db.id}}, &call{statement: commit})
		}
		if err == nil {
			err = db.writer.warning
		}
		if err == nil {
			db.durable = version
			return nil
		}
		db.hangUp()
		if time.Now().Add(wait).After(until) {
			return err
		}
		time.Sleep(wait)
	}
	return nil
}
