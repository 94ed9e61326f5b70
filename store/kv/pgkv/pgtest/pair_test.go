//go:build linux

package pgtest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"auditlog/store/kv/pgkv/pgtest"
)

// What a synchronous primary has acknowledged is on the standby when it is promoted, and on the
// next standby, when that is. Of what an asynchronous one has, the last is not.
func TestPair(t *testing.T) {
	for _, c := range []struct {
		replication pgtest.Replication
		rounds      int
		there       string
	}{{pgtest.Synchronous, 2, "1"}, {pgtest.Asynchronous, 1, "0"}} {
		t.Run(string(c.replication), func(t *testing.T) {
			p := pgtest.StartPair(t, c.replication)
			p.Lag(400 * time.Millisecond)
			for n := range c.rounds {
				query(t, p.Primary, fmt.Sprintf("CREATE TABLE a%d (n int)", n))
				p.Crash()
				again(t, p.Promote)
				if there := query(t, p.Primary, fmt.Sprintf("SELECT count(to_regclass('a%d'))", n)); there != c.there {
					t.Errorf("round %d: %s of what was acknowledged are there", n, there)
				}
				again(t, p.Rebuild)
				if timeline := query(t, p.Primary, "SELECT timeline_id FROM pg_control_checkpoint()"); timeline != fmt.Sprint(n+2) {
					t.Errorf("round %d: timeline %s", n, timeline)
				}
			}
		})
	}
}

// A commit on a primary whose standby was promoted is never acknowledged.
func TestOldPrimaryAcknowledgesNothing(t *testing.T) {
	p := pgtest.StartPair(t, pgtest.Synchronous)
	query(t, p.Primary, "CREATE TABLE a (n int)")
	again(t, p.Promote)
	ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer stop()
	old, err := pgconn.Connect(ctx, p.Standby.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close(t.Context())
	if _, err := old.Exec(ctx, "INSERT INTO a VALUES (1)").ReadAll(); err == nil {
		t.Error("it was acknowledged")
	}
}
