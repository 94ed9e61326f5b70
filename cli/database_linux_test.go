package cli

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"auditlog/audit"
	"auditlog/cli/exit"
	"auditlog/client"
	"auditlog/store"
	"auditlog/store/kv/pgkv/pgtest"
)

// database is a PostgreSQL server that troubles befall, with a server of ours that reaches it through
// a proxy, as a user who is not the database's own.
type database struct {
	*testing.T
	server *pgtest.Server
	proxy  *pgtest.Proxy
	small  string // the folder that the log's tables are in, nil where none is small
	mine   *process
	names  []string // of what was acknowledged
}

const logUser = "auditor"

// TestDatabaseTroubles has a database be unusable in one way after another. Recording is refused
// meanwhile and says so, the server's log says why, and it goes on by itself afterwards, with all
// that was acknowledged.
func TestDatabaseTroubles(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for databases for half a minute")
	}
	t.Parallel()
	d := newDatabase(t)
	for _, trouble := range []struct {
		name     string
		begin    func()
		end      func()
		says     string // in the server's log
		optional bool
	}{
		{"down", d.proxy.Refuse, d.heal, "connection refused", false},
		{"slow", d.proxy.Stall, d.heal, "i/o timeout|deadline exceeded", false},
		{"killed", d.server.Kill, func() { d.must(d.server.Serve()) }, "connection refused|connection reset|EOF|starting up", false},
		{"read-only", func() { d.sql("ALTER ROLE " + logUser + " SET default_transaction_read_only = on"); d.hangUp() },
			func() { d.sql("ALTER ROLE " + logUser + " RESET default_transaction_read_only"); d.hangUp() }, "read-only", false},
		{"wrong password", func() { d.sql("ALTER ROLE " + logUser + " PASSWORD 'another'"); d.hangUp() },
			func() { d.sql("ALTER ROLE " + logUser + " PASSWORD 'secret'") }, "refuses the user or the password", false},
		{"too many connections", func() { d.sql("ALTER ROLE " + logUser + " CONNECTION LIMIT 0"); d.hangUp() },
			func() { d.sql("ALTER ROLE " + logUser + " CONNECTION LIMIT -1") }, "too many connections", false},
		{"full", d.fill, d.empty, "its disk is full", true},
	} {
		t.Run(trouble.name, func(t *testing.T) {
			d.T = t
			if trouble.optional && d.small == "" {
				t.Skip("no small file system could be mounted")
			}
			d.record()
			before := len(d.mine.log.String())
			trouble.begin()
			d.refused()
			d.said(before, trouble.says)
			trouble.end()
			d.recovers()
		})
	}
	d.T = t
	d.verify()
}

func newDatabase(t *testing.T) *database {
	d := &database{T: t, server: pgtest.StartServer(t)}
	d.proxy = d.server.Proxy(t)
	d.authenticate()
	d.sql("CREATE ROLE " + logUser + " LOGIN PASSWORD 'secret'")
	d.sql("CREATE DATABASE log OWNER " + logUser + d.tablespace())
	var err error
	d.mine, err = startServer(os.Environ(), t.TempDir(), "--dev", "--allow-async", "--data", t.TempDir(),
		"--store", d.address(d.proxy.Address(), "secret", "sslmode=disable"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.mine.kill)
	return d
}

func (d *database) address(at, password, query string) string {
	return "postgres://" + logUser + ":" + password + "@" + at + "/log?" + query
}

func (d *database) must(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

func (d *database) sql(statement string) {
	d.Helper()
	_, err := d.server.Query(statement)
	d.must(err)
}

// own gives a file to the user that the database's server runs as.
func (d *database) own(path string) {
	d.Helper()
	info, err := os.Stat(d.server.Folder())
	d.must(err)
	stat := info.Sys().(*syscall.Stat_t)
	d.must(os.Chown(path, int(stat.Uid), int(stat.Gid)))
}

// authenticate has the log's user be asked for a password.
func (d *database) authenticate() {
	d.Helper()
	path := filepath.Join(d.server.Folder(), "data", "pg_hba.conf")
	rules, err := os.ReadFile(path)
	d.must(err)
	d.must(os.WriteFile(path, append([]byte("host all "+logUser+" 127.0.0.1/32 scram-sha-256\n"), rules...), 0o600))
	d.sql("SELECT pg_reload_conf()")
}

// tablespace puts the log on a file system that can be filled, where one can be made.
func (d *database) tablespace() string {
	d.Helper()
	dir := d.TempDir()
	for at := dir; at != os.TempDir() && at != "/"; at = filepath.Dir(at) {
		d.must(os.Chmod(at, 0o755)) // the database's user has to come through
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=128m"); err != nil {
		return ""
	}
	d.Cleanup(func() {
		d.server.Kill()
		if err := unix.Unmount(dir, 0); err != nil {
			d.Error(err)
		}
	})
	d.small = dir
	d.own(dir)
	d.sql("CREATE TABLESPACE small LOCATION '" + dir + "'")
	return " TABLESPACE small"
}

// filler is a file that takes the rest of the room.
func (d *database) filler() string { return filepath.Join(d.small, "filler") }

func (d *database) fill() {
	f, err := os.Create(d.filler())
	d.must(err)
	defer f.Close()
	block := make([]byte, 4096)
	for err == nil {
		_, err = f.Write(block)
	}
}

func (d *database) empty() { d.must(os.Remove(d.filler())) }

func (d *database) heal() { d.must(d.proxy.Heal()) }

// hangUp ends the connections of the log's user, to which what was changed counts from then on.
func (d *database) hangUp() {
	d.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + logUser + "'")
}

// try records an entry once.
func (d *database) try() error {
	name := fmt.Sprintf("%d", time.Now().UnixNano())
	c := &client.Client{URL: d.mine.url, Tries: 1, Timeout: time.Minute}
	_, err := c.Record(d.Context(), audit.Entry{
		Project: "acme", Actor: audit.Actor{Email: "ada@example.com"}, Action: "deployment.deploy",
		Resource: audit.Resource{Type: "Deployment", Name: name}, Outcome: audit.Success, Detail: strings.Repeat("x", 4000),
	})
	if err == nil {
		d.names = append(d.names, name)
	}
	return err
}

func (d *database) record() {
	d.Helper()
	d.must(d.try())
}

// refused records until that is refused, as it has to be soon, and for a reason that may pass.
func (d *database) refused() {
	d.Helper()
	for n := 0; ; n++ {
		err := d.try()
		if err == nil && n < 2000 {
			continue // there may be room left in pages of before
		}
		if audit.KindOf(err) != audit.Unavailable {
			d.Fatalf("recording answers: %v", err)
		}
		return
	}
}

// said waits until the server's log has one of some texts.
func (d *database) said(from int, texts string) {
	d.Helper()
	var log string
	for limit := time.Now().Add(startLimit); time.Now().Before(limit); time.Sleep(20 * time.Millisecond) {
		log = d.mine.log.String()[from:]
		for text := range strings.SplitSeq(texts, "|") {
			if strings.Contains(log, text) {
				return
			}
		}
	}
	d.Errorf("the log does not say %s: %s", texts, log)
}

// recovers returns once an entry is recorded.
func (d *database) recovers() {
	d.Helper()
	for limit := time.Now().Add(startLimit); ; time.Sleep(20 * time.Millisecond) {
		err := d.try()
		if err == nil {
			return
		}
		if time.Now().After(limit) {
			d.Fatalf("it does not go on: %v", err)
		}
	}
}

// verify looks for everything that was acknowledged, and checks the log.
func (d *database) verify() {
	d.Helper()
	there := make(map[string]bool)
	listAll(d.T, &client.Client{URL: d.mine.url}, "acme", func(e *audit.Entry) { there[e.Resource.Name] = true })
	for _, name := range d.names {
		if !there[name] {
			d.Errorf("%s was acknowledged and is not there", name)
		}
	}
	s, err := store.ConnectReadOnly(d.server.URL("log"))
	d.must(err)
	defer s.Close()
	if _, err := s.Check(d.Context(), func(problem string) { d.Errorf("check: %s", problem) }); err != nil {
		d.Error(err)
	}
}

// A server does not start on a database that is not to be used, and says why, without the
// password.
func TestDatabaseRefused(t *testing.T) {
	t.Parallel()
	d := &database{T: t, server: pgtest.StartServer(t)}
	d.authenticate()
	roots := d.speakTLS("other.example.com")
	d.sql("CREATE ROLE " + logUser + " LOGIN PASSWORD 'secret'")
	d.sql("CREATE DATABASE log OWNER " + logUser)
	at := d.server.Address()
	for name, refusal := range map[string]struct{ address, says string }{
		"no server":         {d.address("127.0.0.1:1", "secret", ""), "connection refused"},
		"wrong password":    {d.address(at, "wrong-secret", ""), "it refuses the user or the password"},
		"no database":       {strings.Replace(d.address(at, "secret", ""), "/log?", "/none?", 1), "there is no such database"},
		"no address":        {"postgres://auditor:wrong-secret@[::1/log", "is not one that PostgreSQL understands"},
		"another name":      {d.address(at, "secret", "sslmode=verify-full&sslrootcert="+url.QueryEscape(roots)), "its certificate is for another name"},
		"another authority": {d.address(at, "secret", "sslmode=verify-ca"), "of an authority that is not known"},
		"other tables":      {d.database("CREATE SCHEMA auditlog; CREATE TABLE auditlog.customers (n int)"), "has tables that are not of auditlog"},
		"newer tables": {d.database("CREATE SCHEMA auditlog; CREATE TABLE auditlog.log AS SELECT true AS one, 99 AS schema, 1::bigint AS version, " +
			"1::bigint AS height; CREATE TABLE auditlog.writers (id bytea)"), "run a newer one"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd, err := program(os.Environ(), "serve", "--dev", "--listen", "127.0.0.1:0", "--data", t.TempDir(), "--store", refusal.address)
			if err != nil {
				t.Fatal(err)
			}
			said, err := cmd.CombinedOutput()
			if err == nil || cmd.ProcessState.ExitCode() == exit.OK || !strings.Contains(string(said), refusal.says) {
				t.Errorf("%v: %s", err, said)
			}
			if strings.Contains(string(said), "secret") {
				t.Errorf("it tells the password: %s", said)
			}
		})
	}
}

// database makes one in which there is something already.
func (d *database) database(statements string) string {
	d.Helper()
	address := d.server.Database(d.T)
	d.must(d.server.In(address, statements))
	return address
}

// speakTLS has the server speak TLS with a certificate for a name, and returns a file with it.
func (d *database) speakTLS(name string) string {
	d.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	d.must(err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	d.must(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	d.must(err)
	write := func(file, kind string, bytes []byte) string {
		path := filepath.Join(d.server.Folder(), file)
		d.must(os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}), 0o600))
		d.own(path)
		return path
	}
	certFile, keyFile := write("cert.pem", "CERTIFICATE", cert), write("key.pem", "PRIVATE KEY", private)
	d.sql("ALTER SYSTEM SET ssl_cert_file = '" + certFile + "'")
	d.sql("ALTER SYSTEM SET ssl_key_file = '" + keyFile + "'")
	d.sql("ALTER SYSTEM SET ssl = on")
	d.sql("SELECT pg_reload_conf()")
	return certFile
}
