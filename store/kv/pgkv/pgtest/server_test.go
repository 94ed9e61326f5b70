//go:build linux

package pgtest_test

import (
	"testing"

	"auditlog/store/kv/pgkv/pgtest"
)

// A server that was killed or stopped is there again with what it had.
func TestServer(t *testing.T) {
	s := pgtest.StartServer(t)
	query(t, s, "CREATE TABLE a (n int); INSERT INTO a VALUES (7)")
	s.Kill()
	if _, err := s.Query("SELECT n FROM a"); err == nil {
		t.Error("a server that was killed answers")
	}
	again(t, s.Serve)
	again(t, s.Stop)
	again(t, s.Serve)
	if n := query(t, s, "SELECT n FROM a"); n != "7" {
		t.Errorf("there is %q", n)
	}
	if a, b := s.Database(t), s.Database(t); a == b {
		t.Errorf("two databases are at %s", a)
	}
}

func query(t *testing.T, s *pgtest.Server, sql string) string {
	t.Helper()
	answer, err := s.Query(sql)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func again(t *testing.T, do func() error) {
	t.Helper()
	if err := do(); err != nil {
		t.Fatal(err)
	}
}
