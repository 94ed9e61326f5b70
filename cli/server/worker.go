package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"
)

// worker is a part of the server that works beside the requests for as long as there
// can be any. What may fail for a while, it tries again by itself.
type worker struct {
	// name is what the log and errors call it.
	name string
	// run works until its context ends, and then returns nil or the context's error.
	run func(context.Context) error
}

// slowEnd is how long a worker may take to end before the log says whom the server
// waits for.
const slowEnd = 5 * time.Second

// errEnded says that a worker ended by itself.
var errEnded = errors.New("ended while the server runs")

// work runs w until ctx ends. Whatever ends it before is an error with its name, which
// ends the server: one that goes on without a part of its work would look healthy.
func (w worker) work(ctx context.Context, log zerolog.Logger) error {
	ended := make(chan struct{})
	defer close(ended)
	defer context.AfterFunc(ctx, func() {
		select {
		case <-ended:
		case <-time.After(slowEnd):
			log.Warn().Str("worker", w.name).Msg("still stopping")
		}
	})()
	err := w.run(ctx)
	if ctx.Err() != nil && (err == nil || errors.Is(err, ctx.Err())) {
		return nil
	}
	if err == nil {
		err = errEnded
	}
	return fmt.Errorf("%s: %w", w.name, err)
}
