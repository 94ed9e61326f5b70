package shipping

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/store"
)

// closedLog is a log whose rows of sinks cannot be written while it is shut.
type closedLog struct {
	Log
	shut atomic.Bool
}

func (c *closedLog) ChangeSinks(ctx context.Context, put map[string][]byte, del []string, e *audit.Entry) error {
	if c.shut.Load() {
		return audit.Errorf(audit.Unavailable, "the log takes nothing now")
	}
	return c.Log.ChangeSinks(ctx, put, del, e)
}

// A log that takes nothing, such as one that has lost entries, is opened, and ships what it has.
// Places are saved once it takes something.
func TestLogThatTakesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log, err := store.Open(t.TempDir(), store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := &scene{T: t, log: log, ctx: t.Context()}
		ids := s.record("acme", 5)
		shut := &closedLog{Log: log}
		shut.shut.Store(true)
		run := func() (*Engine, func()) {
			e, err := Open(s.ctx, shut, Options{Open: s.openDest, Configured: []Configured{
				{Sink: Sink{Name: "a", Project: "acme", To: "test:a"}, Start: Start{First: true}}}})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(s.ctx)
			ended := make(chan error, 1)
			go func() { ended <- e.Run(ctx) }()
			return e, func() {
				if cancel(); <-ended != nil {
					t.Error("it did not end well")
				}
			}
		}
		e, stop := run()
		settle(time.Hour)
		s.want("before it takes anything", s.to("a").ids(), ids)
		if err := e.save(s.ctx, soon); audit.KindOf(err) != audit.Unavailable {
			t.Errorf("saved: %v", err)
		}
		stop()
		_, stop = run() // again from the first, as nothing was saved
		settle(time.Minute)
		s.want("once more", s.to("a").ids(), ids)
		shut.shut.Store(false)
		settle(time.Hour)
		if rows, err := log.SinkRows(placeRows, "", 10); err != nil || len(rows) != 1 {
			t.Errorf("%d places are saved, %v", len(rows), err)
		}
		stop()
		e, stop = run()
		settle(time.Minute)
		s.want("after it was saved", s.to("a").ids(), nil)
		if st, err := e.Get(s.ctx, "a"); err != nil || st.Delivered != 5 {
			t.Errorf("%+v, %v", st, err)
		}
		stop()
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
}
