package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"auditlog/bench/peer"
	"auditlog/bench/work"
	"auditlog/store/kv/pgkv/pgtest"
)

// maker makes a log in a folder.
type maker func(folder string) (peer.Log, error)

// makers returns the logs that are wanted, this one first.
func (c *config) makers() ([]maker, error) {
	all := map[string]maker{
		"auditlog": func(folder string) (peer.Log, error) { return peer.NewAuditlog(c.binary, folder), nil },
		"sqlite":   func(folder string) (peer.Log, error) { return peer.NewSQLite(folder), nil },
		"postgres": func(folder string) (peer.Log, error) { return peer.NewPostgres(folder) },

		"auditlog-postgres": func(folder string) (peer.Log, error) { return peer.NewShared(c.binary, folder) },
		"postgres-standby":  func(folder string) (peer.Log, error) { return peer.NewPostgresStandby(folder) },
	}
	var wanted []maker
	for _, name := range c.list(c.logs) {
		m, ok := all[name]
		if !ok {
			return nil, fmt.Errorf("-logs: there is no log %q; there are auditlog, sqlite, postgres, auditlog-postgres and postgres-standby", name)
		}
		_, err := m("")
		if errors.Is(err, pgtest.ErrNotInstalled) {
			c.say("%v: it is left out", err)
			continue
		}
		if err != nil {
			return nil, err
		}
		wanted = append(wanted, m)
	}
	return wanted, nil
}

// measure does all runs, and calls after when each has ended.
func measure(ctx context.Context, cfg config, r *report, after func() error) (err error) {
	if cfg.base == "" {
		if cfg.base, err = os.MkdirTemp("", "auditlog-bench-"); err != nil {
			return err
		}
		defer os.RemoveAll(cfg.base)
	}
	if err := os.Chmod(cfg.base, 0o755); err != nil { // PostgreSQL runs as another user
		return err
	}
	if cfg.binary == "" {
		cfg.binary = filepath.Join(cfg.base, "auditlog")
		if err := peer.Build(ctx, cfg.binary); err != nil {
			return err
		}
	}
	if r.Machine, err = inspect(cfg.base); err != nil {
		return err
	}
	makers, err := cfg.makers()
	if err != nil {
		return err
	}
	return cfg.runAll(ctx, r, makers, after)
}

func (c *config) runAll(ctx context.Context, r *report, makers []maker, after func() error) error {
	for _, m := range makers {
		log, err := m("")
		if err != nil {
			return err
		}
		r.Logs = append(r.Logs, log.Name())
	}
	given := &answers{of: make(map[string]answer)}
	for n := range c.runs {
		c.say("run %d of %d", n+1, c.runs)
		for i := range makers {
			m := makers[(i+n)%len(makers)] // each has its turn at being the first
			if n == 0 && c.wants("durable") {
				if err := c.trial(ctx, m, r, given, (*trial).watched); err != nil {
					return err
				}
			}
			if err := c.trial(ctx, m, r, given, (*trial).run); err != nil {
				return err
			}
		}
		r.Runs++
		if err := after(); err != nil {
			return err
		}
	}
	return nil
}

// trial runs fn on a log in an empty folder.
func (c *config) trial(ctx context.Context, m maker, r *report, given *answers, fn func(*trial, context.Context) error) error {
	folder, err := place(c.base, "log")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	log, err := m(folder)
	if err != nil {
		return err
	}
	t := &trial{config: *c, log: log, dir: c.base, report: r, answers: given}
	// The same work for each, with what is recorded singly and before the kill.
	t.work = work.New(c.seed, c.n+2*c.singles, c.end)
	return fn(t, ctx)
}

// watched checks the log's durability and nothing else.
func (t *trial) watched(ctx context.Context) (err error) {
	if err := t.log.Start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.log.Stop()) }()
	return t.durable(ctx)
}
