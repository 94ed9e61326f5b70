//go:build linux

package pgkv_test

import (
	"strings"
	"testing"
	"time"

	"auditlog/store/kv/pgkv"
	"auditlog/store/kv/pgkv/pgtest"
)

// Behind a pooler that keeps a session for each connection all is as without one. One that does not is refused
// at once, in words.
func TestPooler(t *testing.T) {
	server := pgtest.StartServer(t)
	address := within(server.Database(t))
	db := open(t, server.Pool(t, address, "session"), options())
	must(t, count(db))
	direct := open(t, address, options())
	must(t, count(direct))
	if a, b := counted(t, db), counted(t, direct); a != 2 || b != 2 {
		t.Errorf("two updates count %d behind the pooler, %d without", a, b)
	}
	for _, mode := range []string{"transaction", "statement"} {
		begin := time.Now()
		_, err := pgkv.Open(server.Pool(t, address, mode), options())
		if err == nil || !strings.Contains(err.Error(), "pool_mode = session") || strings.Contains(err.Error(), "; ") {
			t.Errorf("in mode %s it says %v", mode, err)
		}
		if took := time.Since(begin); took > 30*time.Second {
			t.Errorf("it took %v to say so", took)
		}
	}
}
