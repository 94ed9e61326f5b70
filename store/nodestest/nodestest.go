// Package nodestest opens several stores on one database, for tests of what nodes of one log do
// together. Each is shown an engine that several nodes share.
package nodestest

import (
	"crypto/rand"
	"path/filepath"
	"testing"

	"auditlog/store"
	"auditlog/store/format"
	"auditlog/store/kv"
	"auditlog/store/kv/boltkv"
	"auditlog/store/kv/kvtest"
	"auditlog/store/upgrade"
)

// shared is a database that stays open when one of those that have it is closed.
type shared struct{ kv.DB }

func (shared) Close() error { return nil }

// Open returns so many stores on one database, which the end of the test closes.
func Open(t *testing.T, count int, opts store.Options) (stores []*store.Store) {
	t.Helper()
	db, err := boltkv.Open(filepath.Join(t.TempDir(), store.FileName), boltkv.Options{
		Init:   func(tx kv.Tx) error { return upgrade.Begin(tx, rand.Reader) },
		Rising: format.Rising(), Summed: format.Summed(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for range count {
		s, err := store.New(&kvtest.DB{DB: shared{db}, Nodes: true}, opts)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		stores = append(stores, s)
	}
	return stores
}
