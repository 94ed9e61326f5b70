package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// profiled is a log that can be asked where its time goes.
type profiled interface {
	Profile(ctx context.Context, path string, length time.Duration) error
}

// profiling runs a step and writes profiles of the processors' time, the log's
// and the client's, of its first seconds.
func (t *trial) profiling(ctx context.Context, s step) error {
	log, ok := t.log.(profiled)
	if t.profile == "" || !ok {
		return s.run(t, ctx)
	}
	path := func(who string) string {
		return filepath.Join(t.profile, fmt.Sprintf("%s-%s.pprof", s.name, strings.ToLower(who)))
	}
	var group errgroup.Group
	group.Go(func() error { return log.Profile(ctx, path(t.log.Name()), t.profileFor) })
	err := profileClient(path("client"), func() error { return s.run(t, ctx) })
	return errors.Join(err, group.Wait())
}

func profileClient(path string, fn func() error) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("profile the client: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return errors.Join(fmt.Errorf("profile the client: %w", err), f.Close())
	}
	err = fn()
	pprof.StopCPUProfile()
	return errors.Join(err, f.Close())
}
