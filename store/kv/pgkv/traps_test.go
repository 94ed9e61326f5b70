//go:build linux

package pgkv_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"auditlog/store/kv"
	"auditlog/store/kv/pgkv"
	"auditlog/store/kv/pgkv/pgtest"
)

// count adds one to what is under a key, in an update that begins with what it was.
func count(db kv.DB) error {
	return db.Update(func(tx kv.Tx) error {
		a := tx.Bucket("a")
		n, _ := strconv.Atoi(string(a.Get([]byte("n"))))
		return a.Put([]byte("n"), strconv.AppendInt(nil, int64(n+1), 10))
	})
}

func counted(t *testing.T, db kv.DB) (n int) {
	t.Helper()
	must(t, db.View(func(tx kv.Tx) error {
		n, _ = strconv.Atoi(string(tx.Bucket("a").Get([]byte("n"))))
		return nil
	}))
	return n
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// at returns the address of a part of a database that is nobody else's, by hosts and ports.
func at(t *testing.T, database string, hosts ...string) string {
	t.Helper()
	return within(pgtest.At(t, database, hosts...))
}

// A connection is cut at each message of an update, to the server and from it, as one is sent
// all at once and as one reads before. Each update takes place once, whichever message was lost.
func TestCutAtEachMessage(t *testing.T) {
	server := pgtest.StartServer(t)
	for name, held := range map[string]string{"at once": "a", "after reading": ""} {
		t.Run(name, func(t *testing.T) {
			proxy := server.Proxy(t)
			address := at(t, server.Database(t), proxy.Address())
			opts := options()
			opts.Held = held
			db := open(t, address, opts)
			must(t, count(db))
			for n := 1; ; n++ {
				messages, cut := 0, false
				proxy.CloseAt(func(pgtest.Message) bool {
					messages++
					cut = cut || messages == n
					return messages == n
				})
				must(t, count(db))
				must(t, proxy.Heal())
				if got := counted(t, db); got != n+1 {
					t.Fatalf("cut at message %d: %d updates count %d", n, n+1, got)
				}
				if !cut {
					break
				}
			}
		})
	}
}

// An answer that does not come is given up, and what became of the update is found out.
func TestStalledCommit(t *testing.T) {
	server := pgtest.StartServer(t)
	proxy := server.Proxy(t)
	opts := options()
	opts.Watch = time.Second
	opts.Patience = 20 * time.Second
	db := open(t, at(t, server.Database(t), proxy.Address()), opts)
	must(t, count(db))
	proxy.Stall()
	done := make(chan error, 1)
	go func() { done <- count(db) }()
	select {
	case err := <-done:
		t.Fatalf("an update whose messages stand still returns %v", err)
	case <-time.After(3 * time.Second):
	}
	must(t, proxy.Heal())
	must(t, <-done)
	if got := counted(t, db); got != 2 {
		t.Errorf("two updates count %d", got)
	}
}

// waits returns once a commit waits for a standby.
func waits(t *testing.T, s *pgtest.Server) (pid string) {
	t.Helper()
	for range 1000 {
		pid, err := s.Query(`SELECT coalesce(min(pid)::text, '') FROM pg_stat_activity WHERE wait_event = 'SyncRep'`)
		must(t, err)
		if pid != "" {
			return pid
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("no commit waits for the standby")
	return ""
}

// still makes sure that nothing comes for a while.
func still(t *testing.T, done <-chan error, what string) {
	t.Helper()
	select {
	case err := <-done:
		t.Fatalf("%s, and is answered with %v", what, err)
	case <-time.After(500 * time.Millisecond):
	}
}

// startPair starts two servers, of which one is the standby, in the long form alone.
func startPair(t *testing.T, r pgtest.Replication) *pgtest.Pair {
	t.Helper()
	if testing.Short() {
		t.Skip("it starts two servers")
	}
	return pgtest.StartPair(t, r)
}

// A commit that waits for the standby is cancelled, and the server says that it has taken
// place, with a warning. It is not acknowledged before the standby has it; neither is what
// another process finds out from it.
func TestCancelledWait(t *testing.T) {
	pair := startPair(t, pgtest.Synchronous)
	address := within(pair.Primary.Database(t))
	opts := options()
	opts.Patience = time.Minute
	a, b := open(t, address, opts), open(t, address, opts)
	must(t, count(a))
	if a.Async() {
		t.Error("with a synchronous standby, commits are said to be asynchronous")
	}
	pair.Standby.Freeze()
	first := make(chan error, 1)
	go func() { first <- count(a) }()
	pid := waits(t, pair.Primary)
	_, err := pair.Primary.Query("SELECT pg_cancel_backend(" + pid + ")")
	must(t, err)
	still(t, first, "the standby does not have the update")
	if got := counted(t, b); got != 2 {
		t.Errorf("the update that was cancelled is not there: it counts %d", got)
	}
	second := make(chan error, 1)
	go func() {
		second <- b.Update(func(tx kv.Tx) error {
			if string(tx.Bucket("a").Get([]byte("n"))) != "2" {
				return errors.New("it is not there")
			}
			return kv.ErrNothing
		})
	}()
	still(t, second, "an answer rests on an update that the standby does not have")
	pair.Standby.Thaw()
	must(t, <-first)
	if err := <-second; !errors.Is(err, kv.ErrNothing) {
		t.Errorf("the second one's answer is %v", err)
	}
	if got := counted(t, a); got != 2 {
		t.Errorf("two updates count %d", got)
	}
}

// A primary of before that still answers is not gone back to.
func TestPrimaryOfBefore(t *testing.T) {
	pair := startPair(t, pgtest.Asynchronous)
	before := pair.Primary
	proxy := before.Proxy(t)
	opts := options()
	opts.Patience = 3 * time.Second
	opts.Memo = filepath.Join(t.TempDir(), "memo")
	address := at(t, before.Database(t), proxy.Address(), pair.Standby.Address())
	db := open(t, address, opts)
	must(t, count(db))
	replicated(t, pair)
	must(t, pair.Promote())
	proxy.Refuse()
	if err := count(db); err != nil {
		t.Fatal(err)
	}
	must(t, proxy.Heal())
	pair.Primary.Kill()
	err := db.View(func(kv.Tx) error { return nil })
	if !errors.Is(err, kv.ErrUnavailable) || !strings.Contains(fmt.Sprint(err), "timeline") {
		t.Errorf("with the newest primary gone, and one of before there, a reader says %v", err)
	}
	if err := count(db); !errors.Is(err, kv.ErrUnavailable) {
		t.Errorf("and a writer %v", err)
	}
	must(t, db.Close())
	if _, err := pgkv.Open(address, opts); !errors.Is(err, kv.ErrUnavailable) || !strings.Contains(fmt.Sprint(err), opts.Memo) {
		t.Errorf("started again, it says %v", err)
	}
}

// replicated returns once the standby has all that the primary does.
func replicated(t *testing.T, pair *pgtest.Pair) {
	t.Helper()
	for behind := ""; behind != "f"; {
		var err error
		behind, err = pair.Primary.Query("SELECT pg_current_wal_lsn() > replay_lsn FROM pg_stat_replication")
		must(t, err)
	}
}

// Who begins where a primary of before answers as well reads the newest.
func TestNewestOfSeveral(t *testing.T) {
	pair := startPair(t, pgtest.Asynchronous)
	first := at(t, pair.Primary.Database(t), pair.Primary.Address(), pair.Standby.Address())
	must(t, count(open(t, first, options())))
	replicated(t, pair)
	must(t, pair.Promote())
	u, err := url.Parse(first)
	must(t, err)
	u.Host = pair.Primary.Address() // the second of those
	must(t, count(open(t, u.String(), options())))
	if got := counted(t, open(t, first, options())); got != 2 {
		t.Errorf("two updates count %d", got)
	}
}

// Two processes that write at once come one behind the other, and nothing is lost.
func TestRace(t *testing.T) {
	address := within(pgtest.Start(t))
	const each = 200
	var done [3]chan error
	for i := range done {
		opts := options()
		if i > 0 {
			opts.Held = "a" // sent at once
		}
		db := open(t, address, opts)
		done[i] = make(chan error, 1)
		go func() {
			var err error
			for n := 0; n < each && err == nil; n++ {
				err = count(db)
			}
			done[i] <- err
		}()
	}
	for i := range done {
		must(t, <-done[i])
	}
	if got := counted(t, open(t, address, options())); got != each*len(done) {
		t.Errorf("%d updates count %d", each*len(done), got)
	}
}

// What an update refuses, and what it finds to be there already, it does by the newest state.
func TestRefusalsAreOfTheNewestState(t *testing.T) {
	address := within(pgtest.Start(t))
	opts := options()
	opts.Held = "a" // what is there is known without a question
	one, other := open(t, address, opts), open(t, address, opts)
	must(t, count(other))
	for want := range 5 {
		must(t, count(one))
		refused := errors.New("refused")
		for _, with := range []error{refused, kv.ErrNothing} {
			var seen uint64
			err := other.Update(func(tx kv.Tx) error { seen = tx.Version(); return with })
			if !errors.Is(err, with) {
				t.Fatal(err)
			}
			var newest uint64
			must(t, one.View(func(tx kv.Tx) error { newest = tx.Version(); return nil }))
			if seen != newest {
				t.Fatalf("round %d: %v by version %d, while there was %d", want, with, seen, newest)
			}
		}
	}
}

// The name of a database never shows its password, nor do errors.
func TestPasswordIsNotShown(t *testing.T) {
	server := pgtest.StartServer(t)
	const secret = "geheim"
	address := strings.Replace(server.Database(t), "postgres@", "postgres:"+secret+"@", 1)
	if !strings.Contains(address, secret) {
		t.Fatalf("%s has no user", address)
	}
	db := open(t, within(address), options())
	if strings.Contains(db.Name(), secret) {
		t.Error(db.Name())
	}
	for _, bad := range []string{
		strings.Replace(address, "/log_", "/nolog_", 1), "postgres://u:" + secret + "@[::1/x", "postgres://u:" + secret + "@h:port/x",
		"postgres://u:" + secret + "%zz@h/x",
	} {
		if _, err := pgkv.Open(bad, options()); err == nil || bytes.Contains([]byte(err.Error()), []byte(secret)) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
