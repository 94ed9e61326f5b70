package server

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"time"

	"auditlog/audit"
	"auditlog/cli/exit"
	"auditlog/store"
)

// memoFile is where a node remembers of the database that several have what it has seen of it.
const memoFile = "database.json"

// connect opens the store in a database that others may have open, too.
func (s *server) connect(options store.Options) (err error) {
	if err := os.MkdirAll(s.cfg.Data, 0o700); err != nil {
		return exit.Hinted(err, "the user that auditlog runs as must be able to write to %s", s.cfg.Data)
	}
	options.Memo = filepath.Join(s.cfg.Data, memoFile)
	if s.store, err = store.Connect(s.cfg.Store, options); err != nil {
		return exit.Hinted(err, "look at --store, and whether the database answers from here")
	}
	if s.store.Async() && !s.cfg.AllowAsync {
		s.log.Warn().Str("store", s.store.Path()).Msg("the database waits for no standby: what is acknowledged can be lost with its machine; " +
			"this node is not ready until synchronous_standby_names is set there, or --allow-async is given here")
	}
	return nil
}

// ready returns why requests had better go to another node, of a log that several share, or wait for the next
// start.
func (s *server) ready() error {
	if s.stopping.Load() { // not as what fails: a load balancer may leave it what it has
		return audit.Errorf(audit.NotFound, "this server is about to stop")
	}
	if err := s.store.Unconfirmed(); err != nil {
		return err
	}
	if err := s.store.Reach(); err != nil {
		return err
	}
	if s.store.Async() && !s.cfg.AllowAsync {
		return audit.Errorf(audit.Unavailable, "the database waits for no standby: what is acknowledged can be lost with its machine "+
			"(synchronous_standby_names is not set there, nor --allow-async here)")
	}
	return nil
}

// watchNode says in the server's log when the database no longer confirms what this node writes, and when
// it does again.
func (s *server) watchNode(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for was := false; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		err := s.store.Unconfirmed()
		switch {
		case err != nil && !was:
			s.log.Error().Err(err).Msg("this node is not ready")
		case err == nil && was:
			s.log.Info().Msg("this node is ready again: the database confirms what it writes")
		}
		was = err != nil
	}
}

// nodes is api.Options.Nodes.
func (s *server) nodes() func() (names []string, own, onDuty string) {
	if !s.store.Shared() {
		return nil
	}
	return s.store.Nodes
}

// nodeName names this node to people: the machine, and where it listens on it.
func nodeName(listen string) string {
	host, err := os.Hostname()
	if err != nil {
		return listen
	}
	return host + " at " + listen
}

// onDuty has a worker work while this node of the log is on duty, which is always where it is the
// only one.
func (s *server) onDuty(run func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error { return s.store.WhileOnDuty(ctx, run) }
}

// listens returns where the server listens, or is to listen: the same port again, where it chose one.
func (s *server) listens() string {
	if s.listener == nil {
		return s.cfg.Listen
	}
	host, _, _ := net.SplitHostPort(s.cfg.Listen) // checked before
	_, port, _ := net.SplitHostPort(s.listener.Addr().String())
	return net.JoinHostPort(host, port)
}
