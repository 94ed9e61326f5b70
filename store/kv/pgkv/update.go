package pgkv

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"auditlog/store/kv"
	"auditlog/store/kv/pgkv/kept"
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
		sql: "INSERT INTO writers (id, last) VALUES ($1, 0) ON CONFLICT (id) DO UPDATE SET seen = now()",
	}
	// madeBy is what this process committed last.
	madeBy = &statement{name: "made by", sql: "SELECT last FROM writers WHERE id = $1", types: []uint32{oidBytea}}
	// compareAndSet begins a commit: it divides by zero, which ends the transaction, unless the
	// newest version is the one that the commit follows, made by the same writer. Who made it stands
	// beside it.
	compareAndSet = &statement{
		name: "compare and set", types: []uint32{oidInt8, oidInt8, oidBytea, oidBytea},
		sql: `WITH l AS (UPDATE log SET version = $1 + 1, writer = $3, height = greatest(height, $2)
				WHERE version = $1 AND writer = $4 RETURNING 1),
			w AS (UPDATE writers SET last = $1 + 1, seen = now() WHERE id = $3 AND EXISTS (SELECT FROM l) RETURNING 1)
			SELECT 1 / count(*) FROM w`,
	}
	// raise makes a version that holds nothing new, of a writer that is new as well: no commit that was
	// meant to follow the one before succeeds any more.
	raise = &statement{
		name: "raise", types: []uint32{oidBytea},
		sql: `WITH l AS (UPDATE log SET version = version + 1, writer = $1 RETURNING version)
			INSERT INTO writers (id, last) SELECT $1, version FROM l`,
	}
)

// errRace is the error of an update that another commit came before.
var errRace = errors.New("another commit came before")

// Update runs fn and commits. It assumes that nothing was committed since it read last, and
// sends the whole commit at once, which the server refuses where that is wrong. Then, or when fn
// has to read or writes nothing, it takes the log in hand first, and nobody comes before it any more.
func (db *DB) Update(fn func(kv.Tx) error) error {
	db.writing.Lock()
	defer db.writing.Unlock()
	if err := db.usable(); err != nil {
		return err
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
		if failed := db.settle(t.state, until); failed != nil {
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
	t.c, t.news, t.begun, t.sure = db.writer, reader.news, true, true
	t.state, err = db.learn(reader, t.c.server)
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
		t.c = db.writer
		calls = append(calls, &call{statement: beginWriting})
	}
	version := t.state.version + 1
	calls = append(calls, &call{statement: compareAndSet, args: [][]byte{
		int8(t.state.version), int8(int64(t.height)), db.id, []byte(t.state.writer),
	}})
	calls = append(calls, t.w.send(version, t.tables)...)
	calls = append(calls, &call{statement: commit})
	by := db.id
	err = t.c.commit(calls...)
	switch failed := new(pgconn.PgError); {
	case err == nil:
		db.committed(t, by)
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
		db.committed(t, by)
		return false, nil
	}
	return true, err
}

// committed takes what a commit of a writer has changed into what is known.
func (db *DB) committed(t *tx, by []byte) {
	db.durable = max(db.durable, t.state.version+1)
	for _, bucket := range db.opts.Cached {
		for key, v := range t.w.buckets[bucket] {
			if v != nil {
				db.cache.Put(bucket, kept.Value{Key: []byte(key), Version: t.state.version + 1, Bytes: bytes.Clone(v)})
			}
		}
	}
	next := t.state.after(t.w, &db.opts, by, t.c.server)
	db.mu.Lock()
	defer db.mu.Unlock()
	db.tables = t.tables
	if next.version > db.state.version {
		db.state = next
	}
}

// abandon ends an attempt that failed before its commit could have taken place. again is set
// when it can be made anew.
func (db *DB) abandon(err error) (again bool, _ error) {
	if isLost(err) || code(err) == readOnly || errors.Is(err, errStale) {
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
	if db.writer != nil && !db.isOlder(db.writer.server) {
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

// insist runs calls that end with a commit, which are made anew for each try, until they have succeeded.
func (db *DB) insist(until time.Time, calls func() []*call) error {
	for wait := firstWait; ; wait *= 2 {
		err := db.connectWriter()
		if err == nil {
			err = db.writer.commit(calls()...)
		}
		if err == nil {
			return nil
		}
		db.hangUp()
		if db.closed.Load() || time.Now().Add(wait).After(until) {
			return err
		}
		time.Sleep(wait)
	}
}

// resolve finds out what became of a commit whose answer was lost, if there is one. It waits for
// the log, and so for the commit if that is still under way, and commits something itself: then
// what was there is durable, and what was not there can no longer come. That is of another writer,
// each time that it is tried: the one before may have made a version of which others know, and that
// is not to be taken for what comes next.
func (db *DB) resolve(until time.Time) (done bool, err error) {
	if db.unknown == 0 {
		return false, nil
	}
	made, next := int64(unknownVersion), []byte(nil)
	err = db.insist(until, func() []*call {
		made, next = unknownVersion, newID()
		return []*call{{statement: beginWriting}, {statement: lockLog},
			{statement: madeBy, args: [][]byte{db.id}, row: func(columns [][]byte) { made = readInt8(columns[0]) }},
			{statement: raise, args: [][]byte{next}}, {statement: commit}}
	})
	if err != nil {
		return false, err
	}
	if made == unknownVersion { // nothing is known of this process any more
		return false, db.fork()
	}
	done = made == db.unknown
	db.unknown, db.id = 0, next
	return done, nil
}

// settle returns once a state, which was read, cannot be lost any more: behind a commit of this
// process that came after it, on a server that has it.
func (db *DB) settle(s *state, until time.Time) error {
	if s.version <= db.durable {
		return nil
	}
	is := false
	err := db.insist(until, func() []*call {
		is = false
		return []*call{{statement: beginWriting}, {statement: register, args: [][]byte{db.id}},
			held(s.version, []byte(s.writer), &is), {statement: commit}}
	})
	if err == nil && !is {
		err = db.fork()
	}
	if err == nil {
		db.durable = s.version
	}
	return err
}
