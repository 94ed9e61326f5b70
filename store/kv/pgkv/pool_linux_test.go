package pgkv_test

import (
	"testing"
	"time"

	"auditlog/store/kv"
	"auditlog/store/kv/pgkv/pgtest"
)

// The transaction of a View that nobody follows ends by itself, for it would hold up vacuums.
func TestNoTransactionStaysOpen(t *testing.T) {
	server := pgtest.StartServer(t)
	address := server.Database(t)
	db := open(t, within(address), options())
	if err := db.View(func(kv.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	for limit := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		open, err := server.Query("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'auditlog' AND xact_start IS NOT NULL")
		switch {
		case err != nil:
			t.Fatal(err)
		case open == "0":
			return
		case time.Now().After(limit):
			t.Fatalf("%s transactions stay open", open)
		}
	}
}
