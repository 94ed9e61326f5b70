package server

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"auditlog/cli/exit"
)

// listenMetrics has /metrics answered at an address of its own, where the settings name
// one: who scrapes a log need not be able to reach it.
func (s *server) listenMetrics(ctx context.Context) error {
	if s.cfg.MetricsListen == "" {
		return nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", s.cfg.MetricsListen)
	if err != nil {
		return exit.Hinted(fmt.Errorf("listen for metrics: %w", err), "choose another address with --metrics-listen")
	}
	s.log.Info().Stringer("address", l.Addr()).Msg("metrics are answered here alone")
	srv := &http.Server{
		Handler:           s.metrics,
		ReadHeaderTimeout: 10 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    8 << 10,
		ErrorLog:          log.New(connectionLog{s.log}, "", 0),
	}
	s.workers = append(s.workers, worker{"metrics", func(ctx context.Context) error {
		stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
		defer stop()
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	}})
	return nil
}
