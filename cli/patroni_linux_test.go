package cli

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"auditlog/store"
	"auditlog/store/kv/pgkv/pgtest"
)

var patroniRounds = flag.Int("patroni-rounds", 0, "how often TestPatroni fails each way of failing; 0 does not, for it takes minutes")

// TestPatroni has three real servers record to a database that Patroni runs, with the settings that
// docs/scaling.md shows, while its primary is switched, killed, loses its Patroni, or stands still until
// another has taken over. Afterwards nothing that was acknowledged is lost, and the servers agree.
func TestPatroni(t *testing.T) {
	if *patroniRounds == 0 {
		t.Skip("it runs when it is told to: -patroni-rounds 1")
	}
	for _, way := range []string{"all servers are named", "HAProxy leads to the primary"} {
		t.Run(way, func(t *testing.T) {
			p := startPatroni(t)
			address := p.addresses()
			if strings.HasPrefix(way, "HAProxy") {
				address = p.balanced()
			}
			c := &cluster{T: t, ledger: newLedger()}
			c.database = func() string { return p.url(p.addresses()) }
			c.startNodes(func(*clusterNode) string { return p.url(address) })
			p.examine(c)
		})
	}
}

// examine has the primary fail in each way under load, and compares.
func (p *patroni) examine(c *cluster) {
	stop := c.begin()
	for range *patroniRounds {
		c.during("a switchover", p.switchover)
		c.during("the primary is killed", func() {
			p.primary().killPostgres()
			p.settled(c)
		})
		c.during("the primary is killed with its Patroni", func() {
			m := p.primary()
			m.kill(syscall.SIGKILL)
			m.killPostgres()
			p.promoted(m)
			m.start(p)
			p.settled(c)
		})
		c.during("Patroni is killed, and the primary goes on until another has taken over", func() {
			m := p.primary()
			m.kill(syscall.SIGKILL)
			p.promoted(m)
			c.await()
			m.start(p)
			p.settled(c)
		})
		c.during("the primary and its Patroni stand still until another has taken over", func() {
			m := p.primary()
			m.freeze()
			p.promoted(m)
			m.thaw()
			p.settled(c)
		})
	}
	stop()
	c.compare()
	if lost := c.verify(); lost > 0 {
		c.Errorf("%d requests that were acknowledged are lost", lost)
	}
}

// patroni is a database that Patroni runs on this machine.
type patroni struct {
	*testing.T
	members [3]*member
}

// member is a server with its Patroni.
type member struct {
	name, dir            string
	postgres, rest, raft string // addresses
	process              *exec.Cmd
	ended                chan struct{}
	log                  lockedBuffer
}

func startPatroni(t *testing.T) *patroni {
	t.Helper()
	if _, err := exec.LookPath("patroni"); err != nil {
		t.Skip("Patroni is not installed: apt-get install patroni python3-pysyncobj")
	}
	p := &patroni{T: t}
	for i := range p.members {
		dir, err := os.MkdirTemp("", "pa")
		p.must(err)
		p.members[i] = &member{name: fmt.Sprintf("m%d", i), dir: dir, postgres: freeAddress(t), rest: freeAddress(t), raft: freeAddress(t)}
		t.Cleanup(func() { os.RemoveAll(dir) })
	}
	for _, m := range p.members {
		p.configure(m)
		m.start(p)
		t.Cleanup(func() {
			m.kill(syscall.SIGKILL)
			m.killPostgres()
			if t.Failed() {
				t.Logf("%s: %s", m.name, m.log.String())
			}
		})
	}
	p.until("there is a primary with a standby", p.isSettled)
	return p
}

func (p *patroni) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

func (p *patroni) until(what string, holds func() bool) {
	p.Helper()
	for limit := time.Now().Add(90 * time.Second); !holds(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(limit) {
			p.Fatalf("it is not so that %s", what)
		}
	}
}

// configure writes the settings of a member: those of docs/scaling.md, with less patience, and what is of this
// machine.
func (p *patroni) configure(m *member) {
	bin, err := pgtest.Programs()
	p.must(err)
	var partners []string
	for _, other := range p.members {
		if other != m {
			partners = append(partners, other.raft)
		}
	}
	settings := documented(p.T, "yaml", "synchronous_mode") + fmt.Sprintf(`    ttl: 20
    loop_wait: 2
    retry_timeout: 5
  initdb:
  - encoding: UTF8
  - locale: C
  pg_hba:
  - local all all trust
  - host all all 127.0.0.1/32 trust
  - host replication all 127.0.0.1/32 trust
scope: log
name: %s
restapi: {listen: "%s", connect_address: "%s"}
raft: {data_dir: %s/raft, self_addr: "%s", partner_addrs: ["%s"]}
postgresql:
  listen: %s
  connect_address: %s
  data_dir: %s/data
  bin_dir: %s
  pgpass: %s/pgpass
  authentication: {superuser: {username: postgres}, replication: {username: postgres}, rewind: {username: postgres}}
  parameters: {unix_socket_directories: %s, fsync: "off", shared_buffers: 32MB}
`, m.name, m.rest, m.rest, m.dir, m.raft, strings.Join(partners, `", "`), m.postgres, m.postgres, m.dir, bin, m.dir, m.dir)
	p.must(os.WriteFile(m.settings(), []byte(settings), 0o600))
	runAs, err := pgtest.Unprivileged()
	p.must(err)
	if runAs != nil {
		p.must(os.Chown(m.dir, int(runAs.Uid), int(runAs.Gid)))
		p.must(os.Chown(m.settings(), int(runAs.Uid), int(runAs.Gid)))
	}
}

func (m *member) settings() string { return filepath.Join(m.dir, "patroni.yml") }

func (m *member) start(p *patroni) {
	p.Helper()
	runAs, err := pgtest.Unprivileged()
	p.must(err)
	m.process = exec.Command("patroni", m.settings())
	m.process.Dir, m.process.Stdout, m.process.Stderr = m.dir, &m.log, &m.log
	m.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: runAs}
	m.process.WaitDelay = time.Second // for its database holds on to where it writes
	p.must(m.process.Start())
	ended := make(chan struct{})
	go func(process *exec.Cmd) { _ = process.Wait(); close(ended) }(m.process)
	m.ended = ended
}

func (m *member) kill(sig syscall.Signal) {
	_ = m.process.Process.Signal(sig)
	<-m.ended
}

// postmaster returns the process of the member's database, 0 where there is none.
func (m *member) postmaster() (pid int) {
	text, _ := os.ReadFile(filepath.Join(m.dir, "data", "postmaster.pid"))
	_, _ = fmt.Sscan(string(text), &pid)
	return pid
}

// signalPostgres sends a signal to all processes of the member's database.
func (m *member) signalPostgres(sig syscall.Signal) {
	if pid := m.postmaster(); pid != 0 {
		for _, process := range pgtest.Family(pid) {
			_ = syscall.Kill(process, sig)
		}
	}
}

func (m *member) killPostgres() { m.signalPostgres(syscall.SIGKILL) }

func (m *member) freeze() {
	_ = m.process.Process.Signal(syscall.SIGSTOP)
	m.signalPostgres(syscall.SIGSTOP)
}

// thaw has the database go on a moment before its Patroni does.
func (m *member) thaw() {
	m.signalPostgres(syscall.SIGCONT)
	time.Sleep(time.Second)
	_ = m.process.Process.Signal(syscall.SIGCONT)
}

// roles asks a member that answers who has which role.
func (p *patroni) roles() map[string]string {
	for _, m := range p.members {
		res, err := (&http.Client{Timeout: time.Second}).Get("http://" + m.rest + "/cluster")
		if err != nil {
			continue
		}
		var is struct {
			Members []struct{ Name, Role, State string }
		}
		err = json.NewDecoder(res.Body).Decode(&is)
		res.Body.Close()
		if err != nil {
			continue
		}
		roles := make(map[string]string)
		for _, member := range is.Members {
			if member.State == "running" || member.State == "streaming" {
				roles[member.Name] = member.Role
			}
		}
		return roles
	}
	return nil
}

func (p *patroni) primary() *member {
	p.Helper()
	var is *member
	p.until("there is a primary", func() bool { is = p.leader(); return is != nil })
	return is
}

func (p *patroni) leader() *member {
	for name, role := range p.roles() {
		if role == "leader" {
			return p.members[name[1]-'0']
		}
	}
	return nil
}

// promoted waits until another member than one is the primary.
func (p *patroni) promoted(than *member) {
	p.Helper()
	p.until("another has taken over", func() bool { is := p.leader(); return is != nil && is != than })
}

// isSettled reports whether there is a primary, a standby that it waits for, and one more.
func (p *patroni) isSettled() bool {
	var roles []string
	for _, role := range p.roles() {
		roles = append(roles, role)
	}
	return len(roles) == len(p.members) && slices.Contains(roles, "leader") && slices.Contains(roles, "sync_standby")
}

func (p *patroni) settled(c *cluster) {
	p.Helper()
	at := c.ledger.count() // what the members say may be of before
	p.until("requests are answered", func() bool { return c.ledger.count() > at+20 })
	p.until("all members are back", p.isSettled)
	c.await()
}

func (p *patroni) switchover() {
	p.Helper()
	m := p.primary()
	body, err := json.Marshal(map[string]string{"leader": m.name})
	p.must(err)
	res, err := http.Post("http://"+m.rest+"/switchover", "application/json", bytes.NewReader(body))
	p.must(err)
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		p.Fatalf("a switchover is answered %s", res.Status)
	}
	p.promoted(m)
	p.until("all members are back", p.isSettled)
}

// addresses returns those of all members, as the address of a log names them.
func (p *patroni) addresses() string {
	var all []string
	for _, m := range p.members {
		all = append(all, m.postgres)
	}
	return strings.Join(all, ",")
}

func (p *patroni) url(addresses string) string {
	return "postgres://postgres@" + addresses + "/postgres?sslmode=disable"
}

// balanced starts a HAProxy that leads to the primary, and returns its address.
func (p *patroni) balanced() string {
	at := freeAddress(p.T)
	replacements := []string{":5000", at}
	for i, m := range p.members {
		_, port, err := net.SplitHostPort(m.rest)
		p.must(err)
		replacements = append(replacements, fmt.Sprintf("10.0.1.%d:5432 check port 8008", i+1), m.postgres+" check port "+port)
	}
	runHAProxy(p.T, "listen log", at, replacements...)
	inRow := 0 // before its first checks it leads to standbys as well
	p.until("HAProxy leads to the primary", func() bool {
		if _, err := store.ConnectReadOnly(p.url(at)); err != nil && strings.Contains(err.Error(), "there is no log") {
			inRow++
		} else {
			inRow = 0
		}
		return inRow > len(p.members)
	})
	return at
}
