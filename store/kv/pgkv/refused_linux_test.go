package pgkv_test

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"auditlog/store/kv"
	"auditlog/store/kv/pgkv"
	"auditlog/store/kv/pgkv/pgtest"
)

// A database that refuses ten thousand connections leaves nothing behind: the next one that it
// takes is used.
func TestRefusedTenThousandTimes(t *testing.T) {
	if testing.Short() {
		t.Skip("connects ten thousand times")
	}
	server := pgtest.StartServer(t)
	proxy := server.Proxy(t)
	db, err := pgkv.Open("postgres://postgres@"+proxy.Address()+"/postgres?sslmode=disable", pgkv.Options{
		Init: func(tx kv.Tx) error { return tx.CreateBucket("a") }, Patience: 50 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	put := func(tx kv.Tx) error { return tx.Bucket("a").Put([]byte("key"), []byte("value")) }
	if err := db.Update(put); err != nil {
		t.Fatal(err)
	}
	before := descriptors(t)
	proxy.RefuseNext(10_000)
	var refusals atomic.Int64
	var users sync.WaitGroup
	refused := func(err error) {
		if refusals.Add(1); err != nil && !errors.Is(err, kv.ErrUnavailable) {
			t.Error(err)
		}
	}
	for range 32 {
		users.Go(func() {
			for limit := time.Now().Add(time.Minute); proxy.Refusing() > 0 && time.Now().Before(limit); {
				refused(db.View(func(tx kv.Tx) error { tx.Bucket("a").Get([]byte("key")); return nil }))
			}
		})
	}
	for proxy.Refusing() > 5000 {
		refused(db.Update(put))
	}
	users.Wait()
	if left := proxy.Refusing(); left > 0 {
		t.Fatalf("%d connections are still to be refused", left)
	}
	err = db.Update(put)
	for limit := time.Now().Add(10 * time.Second); err != nil && time.Now().Before(limit); {
		err = db.Update(put) // a machine that is busy takes longer than its patience to connect
	}
	if err != nil {
		t.Errorf("after %d transactions that were refused: %v", refusals.Load(), err)
	}
	// Eight connections are kept for those who read; each has an end here, and two in the proxy. Those
	// of others the proxy, which is in this process, ends a moment later.
	most, now := before+4+3*8, descriptors(t)
	for limit := time.Now().Add(10 * time.Second); now > most && time.Now().Before(limit); now = descriptors(t) {
		time.Sleep(10 * time.Millisecond)
	}
	if now > most {
		t.Errorf("%d files are open, before there were %d", now, before)
	}
}

// descriptors counts what this process has open.
func descriptors(t *testing.T) int {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(open)
}
