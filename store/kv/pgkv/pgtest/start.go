//go:build linux

package pgtest

import (
	"crypto/rand"
	"errors"
	"net/url"
	"os"
	"strings"
	"testing"
)

// required is the variable that says whether a test fails where PostgreSQL is not installed.
const required = "AUDITLOG_TEST_POSTGRES"

// lasting are settings of servers that tests kill, on a machine that goes on: what was given to
// the system is there then, whether it is on the disk or not.
var lasting = []string{"wal_init_zero=off", "fsync=off", "jit=off", "max_connections=200", "shared_buffers=32MB"}

// Start starts a server for a test and returns the URL of an empty database on it.
func Start(t testing.TB) string {
	t.Helper()
	return StartServer(t).Database(t)
}

// StartServer starts a server that ends with the test. Each of settings is "name=value".
func StartServer(t testing.TB, settings ...string) *Server {
	t.Helper()
	s, err := NewServer("", append(append([]string{}, lasting...), settings...)...)
	if err == nil {
		cleanUp(t, s)
		err = s.Init()
	}
	if err == nil {
		err = s.Serve()
	}
	failOrSkip(t, err)
	return s
}

// Database makes an empty database and returns its URL. It goes with the server.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := "log_" + rand.Text()
	if _, err := s.Query(`CREATE DATABASE "` + name + `"`); err != nil {
		t.Fatal(err)
	}
	return s.URL(name)
}

// Proxy returns a proxy that leads to the server, and ends with the test.
func (s *Server) Proxy(t testing.TB) *Proxy {
	t.Helper()
	p, err := NewProxy(s.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// At returns the address of a database as hosts and ports lead to it.
func At(t testing.TB, database string, hosts ...string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	u.Host, u.RawQuery = strings.Join(hosts, ","), ""
	return u.String()
}

func cleanUp(t testing.TB, s *Server) {
	t.Cleanup(func() {
		if err := s.Remove(); err != nil {
			t.Error(err)
		}
	})
}

// failOrSkip ends a test that needs a server and has none.
func failOrSkip(t testing.TB, err error) {
	t.Helper()
	switch {
	case errors.Is(err, ErrNotInstalled) && os.Getenv(required) != "required":
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
}
