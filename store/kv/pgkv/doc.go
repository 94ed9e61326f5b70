// Package pgkv is the engine of package kv in a PostgreSQL database, which several processes may
// have open at once.
//
// It never looks at what keys and values mean, elects nobody, and goes by no clock. Packages store and
// move alone open one, with what it has to know of the buckets (Options).
//
// # Tables
//
// They lie in a schema of their own, auditlog, or the first of the address' search_path:
//
//	log      one row: schema, the version of these tables; version, which each commit raises
//	         by one; writer, who made it; height, how far the log has come
//	writers  id of who writes -> last, the version of its last commit; seen, when that was
//	NAME     a bucket: k -> v, and the version of the commit that put it
//
// Keys of projects are bytes as all are, although names are text: cursors are asked for what is no
// text. Versions stand beside every value, not of projects and blocks alone, so that one shape of
// statement does for all, and Since is answered by the server. What the log counts (sealed,
// blockSeq) stays in the bucket meta where every engine has it: that comes along with the state.
// Values are stored uncompressed, for they are compressed already, and tables are vacuumed
// early: what is rewritten is large.
//
// # Commits
//
// A commit is one transaction that begins with the log's row: version = version + 1 where version and
// writer are those that this process read last, else it divides by zero and the transaction ends.
// So a commit succeeds only where nothing was committed in between, whoever else writes, and a
// process that was paused or cut off can do no harm. If nothing has to be read it is sent
// all at once: one round trip. An update that has to read, or that another came before, first
// takes the row FOR UPDATE, and reads what came since behind that; a session that stands still
// with the row in hand is ended by the server after ten seconds.
//
// Where the answer to a commit is lost, resolve connects anew, takes the row (so a try that is
// still under way ends first), looks at its own row of writers, which the commit has changed if
// it took place, and commits something itself: what was there is durable then, and what was not
// there cannot come any more, since its version no longer matches. So each Update takes place
// once.
//
// # Durable
//
// A commit is acknowledged once PostgreSQL says so, with synchronous_commit = on and, where
// synchronous_standby_names is set there, a standby that has it. Four things would break that:
//
//   - A cancel request ends the wait for the standby, and the commit is answered with success and a
//     warning. Any warning makes the outcome of a commit unknown.
//   - pgconn sends cancel requests by itself, when a context ends and when reading fails. It only
//     makes the connections here; what runs on them is sent and read by this package (conn.go), with
//     deadlines on the socket and no context. A connection that fails is closed and nothing else.
//   - What another process has committed can be read before the standby has it. An Update that
//     ends with kv.ErrNothing, as where all entries are duplicates, returns behind a commit of its
//     own made after what it read (settle), unless one came behind that already.
//   - A primary of before may still answer. A process remembers the newest timeline that it has
//     seen, also beyond its end (memory.go), and connects to none that is older; where an address names
//     several servers, a start asks all. And a state whose version is behind one that was read is refused.
//
// # Forks
//
// A server that takes over may lack commits that were read: those that no standby had, where
// none is waited for, or where the primary crashed and showed after that what it had not
// acknowledged. Its versions then come to the same numbers with other commits. So each version is known
// by its writer as well, and no two commits of all histories have both: a process writes one at a
// time, and takes another id where it does not know whether one is there. Whether a version that was
// read is in the history of what is read now, the row of its writer tells, which only rises: last
// is not below the version. That is looked at with each state that is read, in the same round trip, and
// before anything is acknowledged that rests on what was read (settle). Where it is not so the DB answers
// everything with kv.ErrForked: all that is kept of the database may be of the other history.
//
// No timeline is needed for that, so it holds with services that tell none, and where a copy was put in
// place of the database. What is read at once through two servers is held together by that they are
// two (advance).
//
// # Reading
//
// A View is a REPEATABLE READ READ ONLY transaction. Its first round trip begins it and brings
// the version with what came since this process read last: the bucket that is held in memory,
// the rows behind the last of the one that is appended to, and those of the one that is watched.
// Cursors fetch in windows that grow; values of the cached buckets that are kept are not sent
// again when their versions are the same. The end of a View is sent with the beginning of the next
// on its connection, or soon after if there is none.
//
//	db.go      opening, closing, View
//	schema.go  the tables: made, looked at, refused
//	state.go   what is known of the newest version, and how it gets newer
//	update.go  Update: commits, races, unknown outcomes
//	write.go   what a transaction has put
//	tx.go      transactions and buckets
//	cursor.go  windows
//	table.go   the statements of a bucket
//	kept       values that are not sent again: a room of its own
//	conn.go    a connection, and its round trips
//	server.go  which server a connection leads to
//	memory.go  what is remembered beyond the end of the process
//	pool.go    the connections that read
//	pooler.go  what may stand between, and must not
//	errors.go  what errors mean
package pgkv
