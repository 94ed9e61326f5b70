package store

import (
	"encoding/hex"
	"hash/fnv"
	"testing"

	"auditlog/store/kv"
	"auditlog/store/kv/pgkv"
	"auditlog/store/kv/pgkv/pgtest"
	"auditlog/store/storetest"
)

// TestExaminationOnPostgreSQL puts the store through what every log has to pass, in a database
// of which each folder has a part of its own.
func TestExaminationOnPostgreSQL(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a minute; TestNodes does the same on another engine")
	}
	address := pgtest.Start(t)
	open := func(dir string, opts Options) (kv.DB, error) {
		return pgkv.Open(pgtest.Part(address, partOf(dir)), sharedOptions(&opts))
	}
	t.Run("one node", func(t *testing.T) {
		storetest.Run(t, func(dir string, o storetest.Options) (storetest.Log, error) {
			return examine(o, func(opts Options) (kv.DB, error) { return open(dir, opts) })
		})
	})
	t.Run("two nodes", func(t *testing.T) { storetest.Run(t, openNodesOn(2, open, nil)) })
}

// partOf returns the part of a database that belongs to a folder.
func partOf(dir string) string {
	sum := fnv.New128a()
	sum.Write([]byte(dir))
	return "l" + hex.EncodeToString(sum.Sum(nil))
}
