//go:build linux

package pgtest

import (
	"bytes"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Pool starts a PgBouncer in front of the server, in a pool mode, that ends with the test, and returns the
// address that leads through it to the database at another. The test is skipped where there is no PgBouncer.
func (s *Server) Pool(t testing.TB, address, mode string) string {
	t.Helper()
	through, err := s.pool(t, Installed(t, "pgbouncer", "PgBouncer"), address, mode)
	if err != nil {
		t.Fatal(err)
	}
	return through
}

func (s *Server) pool(t testing.TB, bin, address, mode string) (through string, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	settings := filepath.Join(s.dir, fmt.Sprintf("pool-%d.ini", port))
	if err := os.WriteFile(settings, fmt.Appendf(nil, `[databases]
* = host=%s port=%d user=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = %s
`, s.dir, s.port, superuser, port, mode), 0o600); err != nil {
		return "", err
	}
	if err := s.own(settings); err != nil {
		return "", err
	}
	var log bytes.Buffer
	process := exec.Command(bin, settings)
	process.Dir, process.SysProcAttr, process.Stderr = s.dir, attributes(s.runAs), &log
	ended, err := begin(process)
	if err != nil {
		return "", err
	}
	t.Cleanup(func() { _ = process.Process.Kill(); <-ended })
	u.Host = fmt.Sprintf("127.0.0.1:%d", port)
	q := u.Query()
	q.Del("host")
	q.Del("port")
	q.Set("sslmode", "disable")
	u.RawQuery = q.Encode()
	for limit := time.Now().Add(patience); time.Now().Before(limit); time.Sleep(10 * time.Millisecond) {
		select {
		case <-ended:
			return "", fmt.Errorf("pgbouncer ended: %s", log.Bytes())
		default:
		}
		if c, err := net.Dial("tcp", u.Host); err == nil {
			return u.String(), c.Close()
		}
	}
	return "", fmt.Errorf("pgbouncer does not answer: %s", log.Bytes())
}
