package store

import (
	"context"
	"errors"
	"testing"
	"time"
)

// One of two nodes is on duty. The other takes over when that one ends, is gone, or is asked to let
// go, and what it did has ended before.
func TestDuty(t *testing.T) {
	a, b := openTwo(t, Options{})
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	working := make(chan *Store, 9)
	ended := make(chan *Store, 9)
	work := func(s *Store) func(context.Context) error {
		return func(ctx context.Context) error {
			working <- s
			<-ctx.Done()
			ended <- s
			return ctx.Err()
		}
	}
	results := make(chan error, 2)
	for _, s := range []*Store{a, b} {
		go func() { results <- s.WhileOnDuty(ctx, work(s)) }()
	}
	on := <-working
	off := map[*Store]*Store{a: b, b: a}[on]
	if !on.OnDuty() || off.OnDuty() {
		t.Fatal("both are on duty, or none")
	}
	time.Sleep(2 * beatOfTests)
	if names, own, duty := off.Nodes(); len(names) != 2 || own == duty || own == "" {
		t.Errorf("the nodes are %q, this one %q, on duty %q", names, own, duty)
	}
	if err := off.TakeDuty(ctx); err != nil {
		t.Fatal(err)
	}
	if was := <-ended; was != on {
		t.Error("somebody else has ended")
	}
	if is := <-working; is != off || !off.OnDuty() || on.OnDuty() {
		t.Error("the duty did not change hands")
	}
	if err := off.Close(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if is := <-working; is != on {
		t.Error("nobody takes over")
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("taking over from a node that ended took %v", took)
	}
	stop()
	for range 2 {
		if err := <-results; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

// beatOfTests is about how often nodes beat.
const beatOfTests = time.Second
