//go:build linux

package pgkv_test

import (
	"crypto/rand"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"auditlog/store/kv"
	"auditlog/store/kv/pgkv"
	"auditlog/store/kv/pgkv/pgtest"
)

// schemaOf returns the schema that an address names.
func schemaOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	must(t, err)
	return u.Query().Get("search_path")
}

// What is not a log of this engine is refused, and left as it is.
func TestRefusals(t *testing.T) {
	server := pgtest.StartServer(t)
	database := server.Database(t)
	query := func(sql string) {
		t.Helper()
		must(t, server.In(database, sql))
	}
	newer := within(database)
	open(t, newer, options())
	query("UPDATE " + schemaOf(t, newer) + ".log SET schema = 3")
	foreign := within(database)
	query("CREATE SCHEMA " + schemaOf(t, foreign) + "; CREATE TABLE " + schemaOf(t, foreign) + ".things (x int)")
	for address, want := range map[string]string{
		newer:   "of schema 3, this auditlog knows up to 2: run a newer one",
		foreign: "not of auditlog",
		strings.Replace(database, "/log_", "/nolog_", 1): "does not exist",
	} {
		begin := time.Now()
		_, err := pgkv.Open(address, options())
		if err == nil || !strings.Contains(err.Error(), want) || !errors.Is(err, kv.ErrUnavailable) && strings.Contains(want, "exist") {
			t.Errorf("it says %v, want %q", err, want)
		}
		if time.Since(begin) > 4*time.Second {
			t.Errorf("it took %v to say %q", time.Since(begin), want)
		}
	}
	empty := within(database)
	if _, err := pgkv.Open(empty, pgkv.Options{}); err == nil || !strings.Contains(err.Error(), "no log") {
		t.Errorf("opened as it is, an empty database says %v", err)
	}
	query("CREATE SCHEMA " + schemaOf(t, empty)) // which would fail if there were one
}

// Tables of an older schema are brought to this one's, and what an older program writes fails.
func TestOlderSchema(t *testing.T) {
	server := pgtest.StartServer(t)
	database := server.Database(t)
	address := within(database)
	db := open(t, address, options())
	must(t, count(db))
	must(t, db.Close())
	in := "SET search_path = " + schemaOf(t, address) + "; "
	must(t, server.In(database, in+`ALTER TABLE log DROP COLUMN writer; DELETE FROM writers WHERE id = '';
		ALTER TABLE writers RENAME COLUMN last TO version; UPDATE log SET schema = 1`))
	if _, err := pgkv.Open(address, pgkv.Options{}); err == nil || !strings.Contains(err.Error(), "start the server once") {
		t.Errorf("opened for reading, it says %v", err)
	}
	db = open(t, address, options())
	must(t, count(db))
	if got := counted(t, db); got != 2 {
		t.Errorf("two updates count %d", got)
	}
	if server.In(database, in+"UPDATE writers SET version = version + 1") == nil {
		t.Error("an older program still writes")
	}
}

// Of processes that open an empty database at once, one makes what a new one holds.
func TestBegunAtOnce(t *testing.T) {
	server := pgtest.Start(t)
	for range 8 {
		address := within(server)
		var group sync.WaitGroup
		var found [4]string
		for i := range found {
			group.Go(func() {
				opts := options()
				opts.Held, opts.Fixed = "a", []string{"id"}
				opts.Init = func(tx kv.Tx) error {
					return errors.Join(tx.CreateBucket("a"), tx.Bucket("a").Put([]byte("id"), []byte(rand.Text())))
				}
				db, err := pgkv.Open(address, opts)
				if err != nil {
					t.Error(err)
					return
				}
				defer db.Close()
				err = errors.Join(
					db.Update(func(tx kv.Tx) error { return tx.Bucket("a").Put([]byte{byte(i)}, []byte("there")) }),
					db.View(func(tx kv.Tx) error { found[i] = string(tx.Bucket("a").Get([]byte("id"))); return nil }))
				if err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		for _, id := range found {
			if id == "" || id != found[0] {
				t.Fatalf("they know it as %q", found)
			}
		}
	}
}

// Another process changes what tells which database this is: this one stops.
func TestAnotherLog(t *testing.T) {
	address := within(pgtest.Start(t))
	opts := options()
	opts.Held, opts.Fixed = "a", []string{"format"}
	format := func(db kv.DB, v string) error {
		return db.Update(func(tx kv.Tx) error { return tx.Bucket("a").Put([]byte("format"), []byte(v)) })
	}
	db, newer := open(t, address, opts), open(t, address, opts)
	must(t, format(db, "4"))
	must(t, count(newer))
	must(t, format(newer, "5"))
	for what, err := range map[string]error{
		"a reader": db.View(func(kv.Tx) error { return nil }), "a writer": count(db),
	} {
		if err == nil || !strings.Contains(err.Error(), "start this one again") {
			t.Errorf("%s of a database that is of a newer format says %v", what, err)
		}
	}
	if err := count(newer); err != nil {
		t.Error(err)
	}
}

// A server that ends and comes back is used again, and what was written is there once.
func TestServerComesBack(t *testing.T) {
	server := pgtest.StartServer(t)
	opts := options()
	opts.Patience = 300 * time.Millisecond
	db := open(t, at(t, server.Database(t), server.Address()), opts)
	must(t, count(db))
	server.Kill()
	unsure := 0
	for range 3 {
		err := count(db)
		if !errors.Is(err, kv.ErrUnavailable) {
			t.Errorf("without a server, an update ends with %v", err)
		}
		if errors.Is(err, kv.ErrUnknown) {
			unsure++
		}
	}
	if unsure > 1 {
		t.Errorf("%d updates may be there, of which one can have been sent", unsure)
	}
	if err := db.View(func(kv.Tx) error { return nil }); !errors.Is(err, kv.ErrUnavailable) {
		t.Errorf("without a server, a reader ends with %v", err)
	}
	must(t, server.Serve())
	must(t, count(db))
	if got := counted(t, db); got != 2 {
		t.Errorf("two updates count %d", got)
	}
}

// A server that takes connections and does not answer does not keep from the next one.
func TestSilentServer(t *testing.T) {
	server := pgtest.StartServer(t)
	first := server.Proxy(t)
	opts := options()
	opts.Patience, opts.Watch = 4*time.Second, 500*time.Millisecond
	first.Stall()
	db := open(t, at(t, server.Database(t), first.Address(), server.Address()), opts)
	must(t, count(db))
	must(t, first.Heal())
	if got := counted(t, db); got != 1 {
		t.Errorf("an update counts %d", got)
	}
}

// A node that stands still with the log in its hand is cut off, and another goes on.
func TestStandingStill(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes ten seconds")
	}
	address := within(pgtest.Start(t))
	opts := options()
	opts.Patience, opts.Watch = 30*time.Second, 30*time.Second
	still, other := open(t, address, opts), open(t, address, opts)
	must(t, count(still))
	runs := 0
	begin := time.Now()
	must(t, still.Update(func(tx kv.Tx) error {
		a := tx.Bucket("a")
		a.Get([]byte("n"))
		if runs++; runs == 1 {
			if err := count(other); err != nil {
				return err
			}
		}
		return a.Put([]byte("still"), []byte("it"))
	}))
	if took := time.Since(begin); runs != 2 || took < 8*time.Second || took > 25*time.Second {
		t.Errorf("%d runs in %v", runs, took)
	}
	if got := counted(t, still); got != 2 {
		t.Errorf("two updates count %d", got)
	}
}
