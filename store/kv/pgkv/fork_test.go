//go:build linux

package pgkv_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auditlog/store/kv"
	"auditlog/store/kv/pgkv"
	"auditlog/store/kv/pgkv/pgtest"
)

func version(t *testing.T, db kv.DB) (n uint64) {
	t.Helper()
	must(t, db.View(func(tx kv.Tx) error { n = tx.Version(); return nil }))
	return n
}

// forked makes sure that a database does nothing any more, because it has lost what was read from it.
func forked(t *testing.T, what string, db kv.DB) {
	t.Helper()
	if err := db.View(func(kv.Tx) error { return nil }); !errors.Is(err, kv.ErrForked) || !errors.Is(err, kv.ErrUnavailable) {
		t.Errorf("%s reads on: %v", what, err)
	}
	if err := count(db); !errors.Is(err, kv.ErrForked) {
		t.Errorf("%s writes on: %v", what, err)
	}
}

// A standby takes over that lacks what was read, and comes less far than that, as far, or further.
// Who has read what is lost does nothing any more, whoever did not goes on.
func TestFork(t *testing.T) {
	pair := startPair(t, pgtest.Asynchronous)
	database := pair.Primary.Database(t)
	opts := options()
	opts.Patience = time.Minute
	type log struct {
		name, address                          string
		writer, eager, reader, idle, bystander *pgkv.DB
		by                                     int
		seen                                   uint64
	}
	logs := []*log{{name: "less far", by: -2}, {name: "as far", by: 0}, {name: "further", by: 3}}
	atOnce := opts
	atOnce.Held = "a" // sends an update at once
	for _, l := range logs {
		l.address = at(t, database, pair.Primary.Address(), pair.Standby.Address())
		l.writer, l.reader, l.bystander = open(t, l.address, opts), open(t, l.address, opts), open(t, l.address, opts)
		l.eager, l.idle = open(t, l.address, atOnce), open(t, l.address, atOnce)
		must(t, count(l.writer))
		counted(t, l.bystander)
	}
	replicated(t, pair)
	pair.Hold()
	for _, l := range logs {
		must(t, count(l.writer))
		must(t, count(l.writer))
		must(t, count(l.eager))
		counted(t, l.reader)
		l.seen = version(t, l.idle)
	}
	pair.Crash()
	must(t, pair.Promote())
	for _, l := range logs {
		t.Run(l.name, func(t *testing.T) {
			want := 1
			for ; int(version(t, l.bystander)) < int(l.seen)+l.by; want++ {
				must(t, count(l.bystander))
			}
			if err := count(l.eager); !errors.Is(err, kv.ErrForked) {
				t.Errorf("who assumes that nothing has changed writes: %v", err)
			}
			for what, db := range map[string]*pgkv.DB{"the writer": l.writer, "the eager one": l.eager, "a reader": l.reader, "an idle one": l.idle} {
				forked(t, what, db)
			}
			if got := counted(t, l.bystander); got != want {
				t.Errorf("%d updates count %d", want, got)
			}
			again := open(t, l.address, opts)
			must(t, count(again))
			if got := counted(t, again); got != want+1 {
				t.Errorf("%d updates count %d", want+1, got)
			}
		})
	}
}

// The answer to a commit is lost, another process reads it, and a standby takes over that lacks it. The
// first one makes it again: that is not what the other has read.
func TestForkOfUnknownOutcome(t *testing.T) {
	pair := startPair(t, pgtest.Asynchronous)
	proxy := pair.Primary.Proxy(t)
	opts := options()
	opts.Patience = time.Minute
	reader := at(t, pair.Primary.Database(t), pair.Primary.Address(), pair.Standby.Address())
	opts.Held = "a"
	writer := open(t, strings.Replace(reader, pair.Primary.Address(), proxy.Address(), 1), opts)
	must(t, count(writer))
	other := open(t, reader, opts)
	replicated(t, pair)
	pair.Hold()
	over := false
	proxy.CloseAt(func(m pgtest.Message) bool { // the answer, and all that comes later
		over = over || !m.ToServer && m.Type == 'C' && strings.HasPrefix(string(m.Body), "COMMIT")
		return over
	})
	done := make(chan error, 1)
	go func() { done <- count(writer) }()
	for limit := time.Now().Add(time.Minute); counted(t, other) != 2; time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("the commit is not there")
		}
	}
	pair.Crash()
	must(t, pair.Promote())
	must(t, <-done)
	for range 3 {
		must(t, count(writer))
	}
	forked(t, "who has read the first one", other)
	if got := counted(t, writer); got != 5 {
		t.Errorf("five updates count %d", got)
	}
}

// What an answer rests on is lost while it is being given: it is not given.
func TestForkBeforeTheAnswer(t *testing.T) {
	pair := startPair(t, pgtest.Asynchronous)
	address := at(t, pair.Primary.Database(t), pair.Primary.Address(), pair.Standby.Address())
	opts := options()
	opts.Patience = time.Minute
	writer, other := open(t, address, opts), open(t, address, opts)
	must(t, count(writer))
	replicated(t, pair)
	pair.Hold()
	must(t, count(writer))
	err := other.Update(func(tx kv.Tx) error {
		got := string(tx.Bucket("a").Get([]byte("n")))
		if tx.Err() != nil { // another update came before
			return tx.Err()
		}
		if got != "2" {
			t.Errorf("it reads %q", got)
		}
		pair.Crash()
		must(t, pair.Promote())
		return kv.ErrNothing
	})
	if errors.Is(err, kv.ErrNothing) || !errors.Is(err, kv.ErrForked) {
		t.Errorf("it is answered with %v", err)
	}
}

// An older copy is put in the place of the database, by a server that says it is the same: who runs does
// nothing any more, and who is started again says what is missing until that is accepted.
func TestOlderCopy(t *testing.T) {
	server := pgtest.StartServer(t)
	database := server.Database(t)
	address := within(database)
	opts := options()
	opts.Held = "a"
	one, other := open(t, address, opts), opts
	other.Memo = filepath.Join(t.TempDir(), "memo")
	remembers := open(t, address, other)
	for range 3 {
		must(t, count(remembers))
	}
	counted(t, one)
	must(t, remembers.Close())
	if db := open(t, address, other); db.Missing() != "" {
		t.Errorf("of a database that has all, %q is said to be missing", db.Missing())
	} else {
		must(t, db.Close())
	}
	mark := one.Mark()
	in := "SET search_path = " + schemaOf(t, address) + "; "
	must(t, server.In(database, in+`UPDATE writers SET last = 0 WHERE id <> ''; UPDATE writers SET last = 1 WHERE id = '';
		UPDATE log SET version = 1, writer = ''; UPDATE a SET v = '1', version = 1`))
	forked(t, "who runs", one)
	for _, accept := range []bool{false, false, true} {
		other.AcceptLoss = accept
		db := open(t, address, other)
		if db.Missing() == "" {
			t.Errorf("a loss is not found, accepted %v", accept)
		}
		if is, err := db.Holds(mark); err != nil || is {
			t.Errorf("it says that it has what is lost: %v, %v", is, err)
		}
		if is, err := db.Holds(db.Mark()); err != nil || !is {
			t.Errorf("it says that it has not what it has: %v, %v", is, err)
		}
		must(t, count(db))
		must(t, db.Close())
	}
	other.AcceptLoss = false
	if db := open(t, address, other); db.Missing() != "" {
		t.Errorf("a loss that was accepted is told again: %q", db.Missing())
	}
}
