//go:build linux

package pgtest_test

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"auditlog/store/kv/pgkv/pgtest"
)

// A proxy carries what it is given, and holds back, refuses and closes as it is told.
func TestProxy(t *testing.T) {
	p := pgtest.StartServer(t).Proxy(t)
	conn := connect(t, p)
	if err := ask(t, conn); err != nil {
		t.Fatal(err)
	}

	p.Stall()
	if err := ask(t, conn); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("stalled: %v", err)
	}
	again(t, p.Heal)

	conn = connect(t, p)
	p.Refuse()
	if err := ask(t, conn); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("closed: %v", err)
	}
	if _, err := net.Dial("tcp", p.Address()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("refused: %v", err)
	}
	again(t, p.Heal)

	p.Delay(50 * time.Millisecond)
	conn = connect(t, p)
	began := time.Now()
	if err := ask(t, conn); err != nil || time.Since(began) < 100*time.Millisecond {
		t.Errorf("delayed: after %s, %v", time.Since(began), err)
	}
	again(t, p.Heal)
}

// Each message of an exchange can be the last.
func TestProxyClosesAtEachMessage(t *testing.T) {
	p := pgtest.StartServer(t).Proxy(t)
	for last := 0; ; last++ {
		conn := connect(t, p)
		seen := 0
		p.CloseAt(func(pgtest.Message) bool { seen++; return seen > last })
		err := ask(t, conn)
		if err == nil {
			if last != 5 { // a query; how its rows look, one, their end, the end
				t.Errorf("%d messages sufficed", last)
			}
			return
		}
		if last > 10 {
			t.Fatal(err)
		}
		again(t, p.Heal)
	}
}

func connect(t *testing.T, p *pgtest.Proxy) *pgconn.PgConn {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), "postgres://postgres@"+p.Address()+"/postgres")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func ask(t *testing.T, conn *pgconn.PgConn) error {
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	_, err := conn.Exec(ctx, "SELECT 1").ReadAll()
	return err
}
