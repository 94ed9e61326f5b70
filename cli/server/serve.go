package server

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"auditlog/admit"
	"auditlog/api"
	"auditlog/api/wire"
	"auditlog/audit"
	"auditlog/auth"
	"auditlog/auth/oidc"
	"auditlog/backoff"
	"auditlog/backup/duty"
	"auditlog/basepath"
	"auditlog/cli/build"
	"auditlog/cli/exit"
	"auditlog/cli/filters"
	"auditlog/cli/settings"
	"auditlog/cli/terminal"
	"auditlog/console"
	"auditlog/growth"
	"auditlog/index"
	"auditlog/notary"
	"auditlog/reading"
	"auditlog/retention"
	"auditlog/scrub"
	"auditlog/shipping"
	"auditlog/sink"
	"auditlog/sinks"
	"auditlog/slowest"
	"auditlog/spell"
	"auditlog/status"
	"auditlog/store"
	"auditlog/witness"
)

// scrubFile is where the server keeps how far it has read the log, in its folder.
const scrubFile = "scrub.json"

// adminTokenEnv holds an admin's token for installs without hands. It is no
// flag, because other users of the machine see those.
const adminTokenEnv = settings.EnvPrefix + "ADMIN_TOKEN"

// Command returns the command that serves. What it greets with goes to stdout, its log to stderr,
// both guarded if they are terminals.
func Command(stdout, stderr io.Writer) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the log: its API and its page",
		Long: `Serve the log from a folder that one process at a time may have open.

Each option below can also be set in the environment, as AUDITLOG_ and its name
in capitals with _ for - (AUDITLOG_LOG_LEVEL), and in a TOML file named by
--config, under its name (log-level = "debug"). A flag wins over the environment,
and the environment over the file.

The first start makes an admin token and prints it, once; where standard output is no
terminal, it is in the file first-admin-token of the data folder instead, which only
its owner can read. For installs without hands, AUDITLOG_ADMIN_TOKEN sets one, or the
file that AUDITLOG_ADMIN_TOKEN_FILE names, or the systemd credential
auditlog-admin-token: at least 32 random characters, such as from "openssl rand -hex
32". It counts for as long as it is set; a start with another value, or none, ends it.

A log that is found to be older than it was once is served for reading alone, until
what was there is put back or --accept-rollback is given: see docs/operations.md.

SIGTERM and SIGINT let requests under way end; a second one ends at once.`,
		Args: cobra.NoArgs,
	}
	cfg := DefaultConfig()
	fs := pflag.NewFlagSet("settings", pflag.ContinueOnError)
	cfg.Flags(fs)
	cmd.Flags().AddFlagSet(fs)
	cmd.Flags().String(settings.FileFlag, "", "a TOML `file` of settings; else AUDITLOG_CONFIG")
	// It is no setting: accepted once and for all, it would accept the next loss as well.
	cmd.Flags().BoolVar(&cfg.acceptRollback, "accept-rollback", false,
		"go on with a log that has lost entries which were acknowledged, and record that")
	filters.Complete(cmd, "log-level", "debug", "info", "warn", "error")
	filters.Complete(cmd, "log-format", "json", "console")
	filters.Complete(cmd, "projects", projectsOpen, projectsClosed)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		path := cmd.Flag(settings.FileFlag).Value.String()
		if err := cfg.Load(fs, path, os.LookupEnv); err != nil {
			return exit.Usage(err)
		}
		// A reader of the log that goes away must not take the server with it.
		signal.Ignore(syscall.SIGPIPE)
		return serve(cmd.Context(), cfg, stdout, stderr)
	}
	return cmd
}

// Load fills c, whose flags are fs, from the environment and the file at
// path, and checks the whole.
func (c *Config) Load(fs *pflag.FlagSet, path string, lookup func(string) (string, bool)) error {
	if path == "" {
		path, _ = lookup(settings.EnvName(settings.FileFlag))
	}
	from, err := settings.Load(fs, c.tables(), path, lookup)
	if err != nil {
		return err
	}
	if c.AdminToken, err = adminToken(lookup); err != nil {
		return err
	}
	return from.Explain(c.check())
}

// anewAfter is when a node that begins anew tries again, where the database does not answer.
const anewAfter = time.Second

// serve opens a server, runs it until ctx ends or something fails, and
// closes it. One whose database has lost what it had read begins anew, with nothing that it knew.
func serve(ctx context.Context, cfg Config, stdout, stderr io.Writer) error {
	budget := admit.BudgetOf()
	tuneGC(budget)
	for anew := false; ; {
		s := &server{cfg: cfg, log: newLogger(&cfg, stderr), stdout: stdout, budget: budget, door: admit.New(admit.Options{Memory: budget.Calls})}
		err := s.open(ctx)
		opened := err == nil
		if opened {
			err = s.run(ctx)
		}
		err = errors.Join(err, s.close())
		switch {
		case ctx.Err() != nil:
			return err
		case errors.Is(err, store.ErrForked):
			s.log.Error().Err(err).Msg("this node forgets all that it knew, and starts anew with what the database has")
			cfg.Listen, anew = s.listens(), true
		case !anew || opened || audit.KindOf(err) != audit.Unavailable || backoff.Sleep(ctx, anewAfter) != nil:
			return err
		}
	}
}

// server is everything that runs while the log is served.
type server struct {
	cfg       Config
	log       zerolog.Logger
	stdout    io.Writer
	budget    admit.Budget
	door      *admit.Door
	store     *store.Store
	provider  *oidc.Provider // nil where nobody logs in
	keeper    *auth.Keeper
	backups   *duty.Duty
	reading   *reading.Recorder
	index     *index.Index
	retention *retention.Worker
	waker     atomic.Pointer[retention.Worker] // retention, for those who may come before it
	scrub     *scrub.Worker
	growth    *growth.Worker
	notary    *notary.Notary
	signing   string            // its key, for backups
	witnesses []*witness.Client // those that can be asked
	shipping  *shipping.Engine
	scratch   sink.Scratch // of its destinations
	workers   []worker     // run does them
	metrics   http.Handler // answers /metrics
	http      *http.Server
	listener  net.Listener
	stopping  atomic.Bool // requests had better go elsewhere
}

// open opens what s is made of, each part on top of the ones before. What is
// open when it fails is for close.
func (s *server) open(ctx context.Context) error {
	for _, open := range []func(context.Context) error{s.openStore, s.openNotary, s.openSinks, s.compareSeen, s.openWorkers, s.openHTTP, s.listen, s.listenMetrics, s.greet} {
		if err := open(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) openStore(context.Context) (err error) {
	options := store.Options{
		Search: s.search,
		Narrow: s.narrow,
		Closed: s.cfg.Projects == projectsClosed,
		Limits: s.cfg.Limits,
		Purging: func(project string) map[string]int64 {
			if s.shipping == nil {
				return nil
			}
			return s.shipping.Purging(context.Background(), project)
		},

		Node: nodeName(s.cfg.Listen),
		Changed: func() {
			if w := s.waker.Load(); w != nil {
				w.Wake()
			}
		},

		AcceptLoss: s.cfg.acceptRollback,

		BeforePurge: s.certify,
		CacheBytes:  int(s.budget.Cache),
		TailBytes:   int(s.budget.Tail),
		Report:      func(err error) { s.log.Error().Err(err).Msg("the log goes on, and tries again") },
	}
	if s.cfg.Store != "" {
		return s.connect(options)
	}
	s.store, err = store.Open(s.cfg.Data, options)
	switch {
	case errors.Is(err, store.ErrInUse):
		return exit.Hinted(err, "stop the other one, or choose another folder with --data")
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return exit.Hinted(err, "the user that auditlog runs as must be able to write to %s", s.cfg.Data)
	case errors.Is(err, syscall.ENOSPC):
		return exit.Hinted(err, "make room on the disk of %s", s.cfg.Data)
	}
	return err
}

func (s *server) openWorkers(ctx context.Context) error {
	proxies, err := s.cfg.proxies()
	if err != nil {
		return err
	}
	if s.provider, err = s.cfg.provider(); err != nil {
		return err
	}
	open := auth.Open
	if s.cfg.Dev {
		open = auth.OpenDev
	}
	options := auth.Options{
		MaxTokenLife:        s.cfg.MaxTokenLife,
		TrustedProxies:      proxies,
		ProjectAdminsDelete: s.cfg.ProjectAdminsDelete,
		Report:              func(err error) { s.log.Error().Err(err).Msg("keeping tokens and sessions") },
	}
	if s.provider != nil {
		options.Voucher, options.SessionLife, options.RenewAfter = s.provider, s.cfg.OIDC.Session, s.cfg.OIDC.Refresh
	}
	if s.keeper, err = open(s.store, options); err != nil {
		return err
	}
	s.reading = reading.New(reading.Options{
		Storage: s.store,
		Scope:   reading.Scope(s.cfg.RecordReads),
		Report:  func(err error) { s.log.Error().Err(err).Msg("recording who read the log") },
	})
	grace := s.cfg.Grace
	if grace == 0 {
		grace = retention.NoGrace
	}
	s.retention = retention.New(s.store, retention.Options{Grace: grace, Log: s.log})
	s.waker.Store(s.retention)
	s.scrub = scrub.New(s.store, scrub.Options{
		Period: cmp.Or(s.cfg.Scrub, -1), Path: filepath.Join(s.cfg.Data, scrubFile), Log: s.log,
	})
	s.growth = s.newGrowth()
	for _, damage := range s.store.Damages() {
		s.log.Error().Err(damage).Msg("the log is damaged: what is behind this is refused, the rest is answered")
	}
	if s.backups, err = s.newBackups(); err != nil {
		return err
	}
	s.index = index.New(IndexConfig(s.cfg.Data, s.store, s.log))
	s.workers = []worker{
		{"tokens", s.keeper.Run},
		{"reads", s.reading.Run},
		{"retention", s.onDuty(s.retention.Run)},
		{"index", s.index.Run},
		{"scrub", s.scrub.Run},
		{"growth", s.growth.Run},
		{"proofs", s.onDuty(s.notary.Run)},
		{"backups", s.onDuty(s.backups.Run)},
		{"sinks", s.onDuty(s.shipping.Run)},
	}
	return nil
}

func (s *server) openHTTP(context.Context) error {
	stopping := make(chan struct{})
	handler, err := s.handler(stopping)
	if err != nil {
		return err
	}
	s.http = &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ConnContext:       wire.ConnContext,
		ErrorLog:          log.New(connectionLog{s.log}, "", 0),
		ConnState:         newConnections(&s.cfg, s.keeper, MaxOpenFiles(), s.log).watch,
	}
	s.http.RegisterOnShutdown(func() { close(stopping) })
	if s.cfg.TLSCert == "" {
		return nil
	}
	cert, err := openCertificate(s.cfg.TLSCert, s.cfg.TLSKey, s.log)
	if err != nil {
		return err
	}
	s.http.TLSConfig = cert.config()
	s.workers = append(s.workers, worker{"certificate", cert.Run})
	return nil
}

// handler returns what answers requests: the API, and the page beneath it. What
// it answers for long ends when stopping is closed.
func (s *server) handler(stopping <-chan struct{}) (http.Handler, error) {
	ships, slow := sinks.New(s.shipping, nil), new(slowest.Calls)
	desk := s.statusDesk(slow)
	pages, err := s.pages(ships, desk, stopping)
	if err != nil {
		return nil, err
	}
	options := api.Options{
		Store:           s.store,
		Console:         pages,
		Auth:            s.keeper,
		Door:            s.door,
		Reading:         s.reading,
		Retention:       s.retention,
		Approval:        s.cfg.DeletionApproval,
		Backups:         s.backups,
		Sinks:           ships,
		Shipping:        s.shipping.Totals,
		Index:           s.indexStatus,
		Ready:           s.ready,
		Proofs:          s.notary,
		Checks:          s.scrub,
		Status:          desk,
		Slow:            slow,
		ReadOnlyActions: s.cfg.ReadOnlyActions,
		KeepDeniedReads: s.cfg.Reads == readsDenied,
		Profile:         s.cfg.Profile,
		MetricsApart:    s.cfg.MetricsListen != "",
		Stopping:        stopping,
		Log:             s.log,
		Nodes:           s.nodes(),
		Version:         build.Version(),
		Base:            s.cfg.BasePath,
	}
	if s.provider != nil {
		options.Provider = s.provider
	}
	handler, err := api.New(options)
	if err != nil {
		return nil, exit.Usage(err) // a pattern of a read-only action
	}
	s.metrics = handler.Metrics()
	return basepath.Handler(s.cfg.BasePath, handler), nil
}

// pages makes the page, for the API to hand requests to.
func (s *server) pages(ships *sinks.Desk, desk *status.Desk, stopping <-chan struct{}) (http.Handler, error) {
	options := console.Options{
		Sinks:     ships,
		Store:     s.store,
		Auth:      s.keeper,
		Door:      s.door,
		Reading:   s.reading,
		Retention: s.retention,
		Approval:  s.cfg.DeletionApproval,
		Proofs:    s.notary,
		Status:    desk,
		Nodes:     s.nodes(),
		Ready:     s.ready,
		Stopping:  stopping,
		Log:       s.log,
		Version:   build.Version(),
		Base:      s.cfg.BasePath,
		EmbedFrom: s.cfg.EmbedFrom,
	}
	if s.provider != nil {
		options.Provider, options.ProviderName = s.provider, s.cfg.OIDC.providerName()
	}
	return console.New(options)
}

func (s *server) listen(ctx context.Context) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.cfg.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		err = audit.Errorf(audit.Conflict, "another program listens at %s", s.cfg.Listen)
		return exit.Hinted(err, "stop it, or choose another address with --listen")
	}
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	s.listener = steady{listener}
	return s.keeper.MayListen(s.listener.Addr())
}

// run works until ctx ends, which is no error, or a part fails.
func (s *server) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	// The workers outlive the requests, whose last ones still have work for them.
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	group.Go(func() error { defer stop(); return s.answer(ctx) })
	group.Go(func() error { return s.watchStore(ctx) })
	if s.store.Shared() {
		group.Go(func() error { return s.watchNode(ctx) })
	}
	group.Go(func() error { return s.keepMemory(ctx) })
	for _, w := range s.workers {
		group.Go(func() error { return w.work(background, s.log) })
	}
	return group.Wait()
}

// answer serves HTTP until ctx ends, and then lets requests under way end for as
// long as the configuration has it.
func (s *server) answer(ctx context.Context) error {
	failed := make(chan error, 1)
	go func() { failed <- s.serveHTTP() }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	if s.cfg.DrainNotice > 0 && errors.Is(context.Cause(ctx), context.Canceled) { // else it fails, and ends at once
		s.stopping.Store(true)
		s.log.Info().Stringer("drain-notice", s.cfg.DrainNotice).Msg("about to stop: not ready from now on")
		_ = backoff.Sleep(context.WithoutCancel(ctx), s.cfg.DrainNotice) // which nothing ends early
	}
	s.log.Info().Msg("stopping: requests under way may end")
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.Drain)
	defer cancel()
	if err := s.http.Shutdown(drain); err != nil {
		s.log.Warn().Stringer("drain", s.cfg.Drain).Msg("requests under way were cut off")
		return errors.Join(s.http.Close())
	}
	return nil
}

func (s *server) serveHTTP() error {
	if s.http.TLSConfig != nil {
		return s.http.ServeTLS(s.listener, "", "")
	}
	return s.http.Serve(wire.Listener{Listener: s.listener})
}

// watchStore ends the server when the store can write no more: reading on would
// hide from everybody that nothing is recorded.
func (s *server) watchStore(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := s.store.Err(); errors.Is(err, store.ErrForked) {
			return err
		} else if err != nil {
			return exit.Hinted(err, "start it again: everything acknowledged is on disk")
		}
	}
}

// close closes what is open, the last part first.
func (s *server) close() error {
	var errs []error
	if s.listener != nil {
		if err := s.listener.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	return errors.Join(errs...)
}

// newLogger returns the log of the server, on standard error.
func newLogger(cfg *Config, stderr io.Writer) zerolog.Logger {
	out := terminal.Unguarded(stderr)
	_, isTerminal := terminal.Width(out)
	switch {
	case cfg.LogFormat == "console" || cfg.LogFormat == "" && isTerminal:
		// It colours lines itself, and quotes what could do the same.
		out = zerolog.ConsoleWriter{Out: out, NoColor: !isTerminal, TimeFormat: time.TimeOnly}
	case isTerminal:
		out = &terminal.Guard{W: out, Format: "json"}
	}
	return zerolog.New(out).Level(cfg.level()).With().Timestamp().Logger()
}

// connectionLog takes what net/http has to say of connections.
type connectionLog struct{ log zerolog.Logger }

func (c connectionLog) Write(b []byte) (int, error) {
	c.log.Debug().Msg(spell.Text(string(bytes.TrimSpace(b))))
	return len(b), nil
}
