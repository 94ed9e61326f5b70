package server

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

func TestWorkersEnd(t *testing.T) {
	broken := errors.New("the disk is full")
	untilEnd := func(err error) func(context.Context) error {
		return func(ctx context.Context) error { <-ctx.Done(); return err }
	}
	tests := map[string]struct {
		run  func(context.Context) error
		want string
	}{
		"with the server":             {untilEnd(nil), ""},
		"with the context's error":    {untilEnd(context.Canceled), ""},
		"with an error at the end":    {untilEnd(broken), "sink siem: the disk is full"},
		"by itself":                   {func(context.Context) error { return nil }, "sink siem: ended while the server runs"},
		"with an error":               {func(context.Context) error { return broken }, "sink siem: the disk is full"},
		"with a context of their own": {func(context.Context) error { return context.Canceled }, "sink siem: context canceled"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				time.AfterFunc(time.Minute, cancel)
				err := worker{"sink siem", tt.run}.work(ctx, zerolog.Nop())
				cancel()
				if err == nil && tt.want != "" || err != nil && err.Error() != tt.want {
					t.Errorf("ended with %v, want %q", err, tt.want)
				}
			})
		})
	}
}

func TestAWorkerThatIsSlowToEndIsNamed(t *testing.T) {
	for _, took := range []time.Duration{slowEnd - time.Second, slowEnd + time.Second} {
		synctest.Test(t, func(t *testing.T) {
			var log sharedBuffer
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			slow := worker{"index", func(context.Context) error { time.Sleep(took); return nil }}
			if err := slow.work(ctx, zerolog.New(&log)); err != nil {
				t.Error(err)
			}
			if told := strings.Contains(log.String(), `"worker":"index"`); told != (took > slowEnd) {
				t.Errorf("it took %v to end, and the log has %q", took, log.String())
			}
		})
	}
}

// sharedBuffer is written by one goroutine and read by another.
type sharedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *sharedBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *sharedBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
