package pgkv_test

import (
	"fmt"
	"testing"

	"auditlog/store/kv"
	"auditlog/store/kv/pgkv/pgtest"
)

// BenchmarkView measures what every reader begins with, and BenchmarkUpdate a commit of one key,
// on a server that syncs nothing: what they cost beside the disk.
func BenchmarkView(b *testing.B) {
	opts := options()
	opts.Held, opts.Appended = "a", "b"
	db := open(b, within(pgtest.Start(b)), opts)
	for b.Loop() {
		if err := db.View(func(tx kv.Tx) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUpdate(b *testing.B) {
	opts := options()
	opts.Held, opts.Appended = "a", "b"
	db := open(b, within(pgtest.Start(b)), opts)
	n := 0
	for b.Loop() {
		n++
		if err := db.Update(func(tx kv.Tx) error { return tx.Bucket("b").Put(fmt.Appendf(nil, "%08d", n), make([]byte, 200)) }); err != nil {
			b.Fatal(err)
		}
	}
}
