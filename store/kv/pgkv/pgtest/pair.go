//go:build linux

package pgtest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Pair is a primary and a standby that follows it, and may take its place.
type Pair struct {
	// Primary is the server that clients should speak to, and Standby the other one: after
	// Promote the primary of before, until Rebuild.
	Primary, Standby *Server
	// links lead a standby to each server, for messages that take their time; nil where it goes
	// straight there.
	links map[*Server]*Proxy
}

// Replication says when a commit on the primary is acknowledged.
type Replication string

// Of Replication there are these.
const (
	Synchronous  Replication = "synchronous_standby_names=*" // once the standby has it
	Asynchronous Replication = "synchronous_standby_names="  // once the primary has it
)

// StartPair starts two servers that end with the test. The standby can be kept from the primary.
func StartPair(t testing.TB, r Replication, settings ...string) *Pair {
	t.Helper()
	p := &Pair{links: make(map[*Server]*Proxy)}
	t.Cleanup(func() {
		if err := p.Remove(); err != nil {
			t.Error(err)
		}
	})
	failOrSkip(t, p.start("", r, append(append([]string{}, lasting...), settings...)))
	return p
}

// NewPair starts two servers with folders in parent, of which the standby cannot be kept from the
// primary: nothing stands between them that would take time. What it returns is removed by Remove,
// of an error too.
func NewPair(parent string, r Replication, settings ...string) (*Pair, error) {
	p := new(Pair)
	return p, p.start(parent, r, settings)
}

func (p *Pair) start(parent string, r Replication, settings []string) error {
	settings = append([]string{"wal_keep_size=1GB", "wal_receiver_timeout=5s", "wal_retrieve_retry_interval=100ms"}, settings...)
	for _, s := range []**Server{&p.Primary, &p.Standby} {
		var err error
		if *s, err = NewServer(parent, append(settings, string(r))...); err != nil {
			return err
		}
		if p.links == nil {
			continue
		}
		if p.links[*s], err = NewProxy((*s).Address()); err != nil {
			return err
		}
	}
	if err := p.Primary.Init(); err != nil {
		return err
	}
	if err := p.Primary.Serve(); err != nil {
		return err
	}
	return p.Rebuild()
}

// Lag has what the standby is sent arrive d later, which makes the commits longer that wait
// for it, and longer the time in which others are on the primary alone.
func (p *Pair) Lag(d time.Duration) {
	for _, link := range p.links {
		link.Delay(d)
	}
}

// Hold keeps from the standby what the primary does from now on, for Crash to lose.
func (p *Pair) Hold() { p.links[p.Primary].Stall() }

// Crash kills the primary, and loses what is on its way to the standby, as the end of a machine
// does.
func (p *Pair) Crash() {
	link := p.links[p.Primary]
	link.Cut()
	p.Primary.Kill()
	_ = link.Heal() // it has gone on listening
}

// Promote has the standby become the primary, whatever became of the one before, to which it
// no longer listens.
func (p *Pair) Promote() error {
	p.links[p.Primary].Cut()
	if _, err := p.Standby.Query("SELECT pg_promote()"); err != nil {
		return fmt.Errorf("promote: %w", err)
	}
	p.Primary, p.Standby = p.Standby, p.Primary
	return nil
}

// Rebuild makes the standby from a copy of the primary, whatever it was before, and returns
// once it keeps up.
func (p *Pair) Rebuild() error {
	s := p.Standby
	s.Kill()
	if err := os.RemoveAll(s.data()); err != nil {
		return err
	}
	if err := p.Primary.run("pg_basebackup", "--pgdata", s.data(), "--wal-method", "stream", "--checkpoint", "fast",
		"--no-sync", "--dbname", p.Primary.URL(superuser)); err != nil {
		return err
	}
	signal := filepath.Join(s.data(), "standby.signal")
	if err := os.WriteFile(signal, nil, 0o600); err != nil {
		return err
	}
	if err := s.own(signal); err != nil {
		return err
	}
	at := p.Primary.Address()
	if link := p.links[p.Primary]; link != nil {
		at = link.Address()
	}
	host, port, err := net.SplitHostPort(at)
	if err != nil {
		return err
	}
	s.Set(fmt.Sprintf("primary_conninfo=host=%s port=%s user=%s application_name=standby", host, port, superuser))
	if err := s.Serve(); err != nil {
		return err
	}
	return p.await()
}

// await returns once the standby receives what the primary writes.
func (p *Pair) await() error {
	for limit := time.Now().Add(patience); time.Now().Before(limit); time.Sleep(10 * time.Millisecond) {
		state, err := p.Primary.Query("SELECT state FROM pg_stat_replication")
		if err != nil {
			return err
		}
		if state == "streaming" {
			return nil
		}
	}
	return errors.New("the standby does not follow")
}

// Remove ends both servers and deletes their folders.
func (p *Pair) Remove() error {
	var errs []error
	for _, s := range []*Server{p.Primary, p.Standby} {
		if s != nil {
			errs = append(errs, s.Remove())
		}
	}
	for _, link := range p.links {
		link.Close()
	}
	return errors.Join(errs...)
}

// Receive has a program take what the primary writes, as a standby that confirms it would, until the test ends.
func (p *Pair) Receive(t testing.TB) {
	t.Helper()
	dir, err := os.MkdirTemp(p.Primary.dir, "wal")
	if err == nil {
		err = p.Primary.own(dir)
	}
	failOrSkip(t, err)
	program := p.Primary.command("pg_receivewal", "--directory", dir, "--synchronous", "--dbname", p.Primary.URL(superuser))
	ended, err := begin(program)
	failOrSkip(t, err)
	t.Cleanup(func() { _ = program.Process.Kill(); <-ended })
}
