package follow

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// script is a follower whose steps end as they are written down.
type script struct {
	steps []step
	log   []string
	stop  context.CancelCauseFunc
}

type step struct {
	more bool
	err  error
	wait error
}

var errOver = errors.New("the script is over")

func (s *script) Step(context.Context) (bool, error) {
	if len(s.steps) == 0 {
		s.stop(errOver)
		return false, nil
	}
	s.log = append(s.log, "step")
	time.Sleep(time.Second)
	return s.steps[0].more, s.steps[0].err
}

func (s *script) Wait(ctx context.Context) error {
	if len(s.steps) == 0 {
		return ctx.Err()
	}
	s.log = append(s.log, "wait")
	return s.steps[0].wait
}

func (s *script) next() { s.steps = s.steps[1:] }

var (
	errPasses = errors.New("a moment")
	errStays  = errors.New("for good")
)

// run runs steps and returns what came to pass, how long it took and how it ended.
func run(t *testing.T, steps ...step) (log []string, took time.Duration, err error) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancelCause(t.Context())
		s := &script{steps: steps, stop: stop}
		began := time.Now()
		err = Run(ctx, stepping{s}, Options{
			Rest: func(took time.Duration) time.Duration { return 2 * took },
			Again: func(err error, n int) (time.Duration, bool) {
				return time.Duration(n) * time.Minute, errors.Is(err, errPasses)
			},
		})
		log, took = s.log, time.Since(began)
	})
	return log, took, err
}

// stepping goes on in the script once a step, and its wait, are over.
type stepping struct{ *script }

func (s stepping) Step(ctx context.Context) (bool, error) {
	more, err := s.script.Step(ctx)
	if (more || err != nil) && len(s.steps) > 0 {
		s.next()
	}
	return more, err
}

func (s stepping) Wait(ctx context.Context) error {
	err := s.script.Wait(ctx)
	if len(s.steps) > 0 {
		s.next()
	}
	return err
}

func TestRun(t *testing.T) {
	for name, c := range map[string]struct {
		steps []step
		log   []string
		took  time.Duration
		err   error
	}{
		"rests while there is more": {
			[]step{{more: true}, {more: true}, {}}, []string{"step", "step", "step", "wait"}, 7 * time.Second, errOver},
		"backs off, and forgets failures after a success": {
			[]step{{err: errPasses}, {wait: errPasses}, {}, {err: errPasses}}, []string{"step", "step", "wait", "step", "wait", "step"},
			4*time.Second + 4*time.Minute, errOver},
		"ends with what does not pass": {
			[]step{{}, {err: errStays}, {}}, []string{"step", "wait", "step"}, 2 * time.Second, errStays},
		"ends with a wait that does not pass": {
			[]step{{wait: errStays}, {}}, []string{"step", "wait"}, time.Second, errStays},
	} {
		t.Run(name, func(t *testing.T) {
			log, took, err := run(t, c.steps...)
			if !slices.Equal(log, c.log) || took != c.took || !errors.Is(err, c.err) {
				t.Errorf("%v in %v: %v", log, took, err)
			}
		})
	}
}

// A follower that is stopped ends at once, whatever it rests for.
func TestStopWhileResting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancelCause(t.Context())
		s := &script{steps: []step{{err: errPasses}}, stop: stop}
		time.AfterFunc(5*time.Second, func() { stop(errOver) })
		began := time.Now()
		err := Run(ctx, stepping{s}, Options{Again: func(error, int) (time.Duration, bool) { return time.Hour, true }})
		if took := time.Since(began); !errors.Is(err, errOver) || took != 5*time.Second {
			t.Errorf("ended after %v: %v", took, err)
		}
	})
}

// Without Again every failure ends the loop.
func TestNothingPassesByDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancelCause(t.Context())
		defer stop(nil)
		s := &script{steps: []step{{more: true}, {err: errPasses}}, stop: stop}
		if err := Run(ctx, stepping{s}, Options{}); !errors.Is(err, errPasses) {
			t.Error(err)
		}
	})
}
