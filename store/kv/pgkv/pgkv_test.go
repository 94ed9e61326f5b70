package pgkv_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"auditlog/store/kv"
	"auditlog/store/kv/kvtest"
	"auditlog/store/kv/pgkv"
	"auditlog/store/kv/pgkv/pgtest"
)

// within returns the address of a part of a database that is nobody else's.
func within(address string) string { return pgtest.Part(address, "l"+strings.ToLower(rand.Text())) }

func options() pgkv.Options {
	return pgkv.Options{Init: func(tx kv.Tx) error { return errors.Join(tx.CreateBucket("a"), tx.CreateBucket("b")) }}
}

func open(t testing.TB, address string, opts pgkv.Options) *pgkv.DB {
	t.Helper()
	db, err := pgkv.Open(address, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// The engine is one whatever is made of the buckets.
func TestEngine(t *testing.T) {
	address := pgtest.Start(t)
	for name, opts := range map[string]pgkv.Options{
		"plain": {}, "held": {Held: "a"}, "appended": {Appended: "a", Watched: "b"}, "watched": {Watched: "a", Appended: "b"},
		"cached": {Cached: []string{"a", "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			kvtest.Engine(t, func(t *testing.T) kv.DB {
				opts.Init = options().Init
				return open(t, within(address), opts)
			})
		})
	}
}
