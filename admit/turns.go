package admit

import (
	"context"
	"errors"
	"sync"
	"time"
)

type callKey struct{}

// In returns a context in which what is computed is c's.
func In(ctx context.Context, c *Call) context.Context {
	if c == nil {
		return ctx
	}
	return context.WithValue(ctx, callKey{}, c)
}

// callOf returns the call of a context, or nil.
func callOf(ctx context.Context) *Call {
	c, _ := ctx.Value(callKey{}).(*Call)
	return c
}

// Take has the call of a context hold n bytes more.
func Take(ctx context.Context, n int) error { return callOf(ctx).Take(ctx, n) }

// Give gives n bytes of those back.
func Give(ctx context.Context, n int) { callOf(ctx).Give(n) }

type turnKey struct{}

// Work has fn compute in the turns of the context's call. What fn does that takes time and is
// no computing, such as writing to somebody, belongs outside. It is not for use within
// itself.
func Work(ctx context.Context, fn func(context.Context) error) error {
	t := &Turn{ctx: ctx}
	switch c := callOf(ctx); {
	case c == nil:
	case c.class == Read:
		t.turns, t.who = &c.door.reads, c.who
	case c.class == Record:
		t.turns, t.who = &c.door.records, c.who
	}
	if err := t.begin(); err != nil {
		return err
	}
	defer t.end()
	return fn(context.WithValue(ctx, turnKey{}, t))
}

// Turn is what one computes in. It is for one goroutine.
type Turn struct {
	ctx   context.Context
	turns *turns // nil where nobody takes turns
	who   string
	ends  time.Time
	steps int
}

// TurnOf returns the turn of a context: what is called at each row asks for it once. Outside
// of Work there is one that knows of the context's end alone.
func TurnOf(ctx context.Context) *Turn {
	if t, ok := ctx.Value(turnKey{}).(*Turn); ok {
		return t
	}
	return &Turn{ctx: ctx}
}

// stepsALook is how many steps go by between two looks at the clock.
const stepsALook = 16

// Step is to be called for each row, or what takes as long. It returns why it is no use to
// go on, and may let others go first.
func (t *Turn) Step() error {
	if t.steps++; t.steps%stepsALook != 0 {
		return nil
	}
	return t.Look()
}

// Look is Step for what takes longer.
func (t *Turn) Look() error {
	if err := ended(t.ctx); err != nil {
		return err
	}
	if t.turns == nil || time.Now().Before(t.ends) {
		return nil
	}
	if !t.turns.others() {
		t.ends = time.Now().Add(t.turns.door.opts.Turn)
		return nil
	}
	t.end()
	return t.begin()
}

// Pause has fn wait for something outside of the turn, which others may have meanwhile.
func (t *Turn) Pause(fn func() error) error {
	t.end()
	err := fn()
	if again := t.begin(); again != nil && err == nil {
		err = again
	}
	return err
}

func (t *Turn) begin() error {
	if err := ended(t.ctx); err != nil {
		t.turns = nil // there is nothing to end
		return err
	}
	if t.turns == nil {
		return nil
	}
	turns := t.turns
	if err := turns.acquire(t.ctx, t.who); err != nil {
		t.turns = nil // there is nothing to end
		return err
	}
	t.ends = time.Now().Add(turns.door.opts.Turn)
	return nil
}

func (t *Turn) end() {
	if t.turns != nil {
		t.turns.release(t.who)
	}
}

// turns lets so many calls compute at once.
type turns struct {
	door *Door
	// each is how many calls of one token may compute at once, 0 any number.
	each int
	// yields has half of the processors be for others while something is recorded.
	yields bool

	mu      sync.Mutex // guards what follows
	running int
	of      map[string]int // those that run, by token, where each bounds them
	waiting int
	late    int64
	queues  map[string]*queue
	ring    []*queue // of those that wait, the one whose turn it is first
}

// queue is who waits of one token.
type queue struct {
	who     string
	waiting []chan struct{}
}

func (t *turns) init(d *Door) {
	t.door, t.of, t.queues = d, make(map[string]int), make(map[string]*queue)
}

func (t *turns) state() (late int64, waiting int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.late, t.waiting
}

// most returns how many calls may compute now.
func (t *turns) most() int {
	n := t.door.opts.Processors
	if t.yields && time.Now().UnixNano()-t.door.recorded.Load() < int64(recently) {
		n /= 2
	}
	return max(n, 1)
}

// others reports whether whoever computes had better let others go first, be it that these
// are to record.
func (t *turns) others() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.waiting > 0 || t.running > t.most()
}

// acquire waits for a turn.
func (t *turns) acquire(ctx context.Context, who string) error {
	t.mu.Lock()
	if t.waiting == 0 && t.running < t.most() && t.mayStart(who) {
		t.start(who)
		t.mu.Unlock()
		return nil
	}
	q := t.queues[who]
	if q == nil {
		q = &queue{who: who}
		t.queues[who] = q
		t.ring = append(t.ring, q)
	}
	ready := make(chan struct{})
	q.waiting = append(q.waiting, ready)
	t.waiting++
	t.next() // there may be more turns than before
	t.mu.Unlock()
	// While somebody computes there is an end to it; the tick is for the turns that come
	// when nobody records any more.
	tick := time.NewTicker(recently)
	defer tick.Stop()
	for {
		select {
		case <-ready:
			return nil
		case <-tick.C:
			t.mu.Lock()
			t.next()
			t.mu.Unlock()
		case <-ctx.Done():
			return t.giveUp(ctx, q, ready)
		}
	}
}

// mayStart reports whether one more call of a token may compute. The caller holds mu.
func (t *turns) mayStart(who string) bool { return t.each == 0 || t.of[who] < t.each }

// start counts one more. The caller holds mu.
func (t *turns) start(who string) {
	t.running++
	if t.each > 0 {
		t.of[who]++
	}
}

// stop counts one less, and gives its turn to another. The caller holds mu.
func (t *turns) stop(who string) {
	t.running--
	if t.each > 0 {
		if t.of[who]--; t.of[who] == 0 {
			delete(t.of, who)
		}
	}
	t.next()
}

// giveUp leaves the queue, or gives the turn on that came at the same moment.
func (t *turns) giveUp(ctx context.Context, q *queue, ready chan struct{}) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	err := ended(ctx)
	if errors.Is(err, errLate) {
		t.late++
	}
	for i, w := range q.waiting {
		if w == ready {
			q.waiting = append(q.waiting[:i], q.waiting[i+1:]...)
			t.waiting--
			return err
		}
	}
	t.stop(q.who)
	return err
}

func (t *turns) release(who string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stop(who)
}

// next gives the turns that are free to those who wait, one token after the other. The
// caller holds mu.
func (t *turns) next() {
	for passed := 0; passed < len(t.ring) && t.running < t.most(); {
		q := t.ring[0]
		t.ring = t.ring[1:]
		switch {
		case len(q.waiting) == 0: // who waited gave up
			delete(t.queues, q.who)
			continue
		case !t.mayStart(q.who):
			t.ring = append(t.ring, q)
			passed++
			continue
		}
		ready := q.waiting[0]
		if q.waiting = q.waiting[1:]; len(q.waiting) > 0 {
			t.ring = append(t.ring, q)
		} else {
			delete(t.queues, q.who)
		}
		t.waiting--
		t.start(q.who)
		close(ready)
		passed = 0
	}
}
