package admit

import (
	"context"
	"errors"
	"sync"
	"time"

	"auditlog/audit"
)

type callKey struct{}

// In returns a context in which what is computed is c's.
func In(ctx context.Context, c *Call) context.Context {
	if c == nil {
		return ctx
	}
	return context.WithValue(ctx, callKey{}, c)
}

// From returns the call of a context, or nil.
func From(ctx context.Context) *Call {
	c, _ := ctx.Value(callKey{}).(*Call)
	return c
}

// Take has the call of a context hold n bytes more.
func Take(ctx context.Context, n int) error { return From(ctx).Take(ctx, n) }

// Give gives n bytes of those back.
func Give(ctx context.Context, n int) { From(ctx).Give(n) }

// errLate is the cause of the end of a read that took too long.
var errLate = audit.Errorf(audit.Unavailable,
	"this takes too long for the log to go on with: ask for less, by time or by another filter, or try again later")

// Until returns a context that ends at the deadline of reads, after which what computes in it
// is told so by an Unavailable Fault.
func (c *Call) Until(ctx context.Context) (context.Context, context.CancelFunc) {
	if c == nil {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, c.door.opts.Deadline, errLate)
}

// ended returns why ctx has ended, or nil.
func ended(ctx context.Context) error {
	err := ctx.Err()
	if err != nil && errors.Is(context.Cause(ctx), errLate) {
		return errLate
	}
	return err
}

type turnKey struct{}

// Work has fn compute in the turns of the context's call. What fn does that takes time and is
// no computing, such as writing to somebody, belongs outside. It is not for use within
// itself.
func Work(ctx context.Context, fn func(context.Context) error) error {
	t := &Turn{ctx: ctx}
	switch c := From(ctx); {
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
		t.turns.release()
	}
}

// turns lets so many calls compute at once.
type turns struct {
	door *Door
	// half says that half of the processors are for others, also when nothing is recorded.
	half bool

	mu      sync.Mutex // guards what follows
	running int
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

func (t *turns) init(d *Door, half bool) { t.door, t.half, t.queues = d, half, make(map[string]*queue) }

func (t *turns) state() (late int64, waiting int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.late, t.waiting
}

// most returns how many calls may compute now.
func (t *turns) most() int {
	n := t.door.opts.Processors
	if t.half || time.Now().UnixNano()-t.door.recorded.Load() < int64(recently) {
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
	if t.waiting == 0 && t.running < t.most() {
		t.running++
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
	t.running--
	t.next()
	return err
}

func (t *turns) release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running--
	t.next()
}

// next gives the turns that are free to those who wait, one token after the other. The
// caller holds mu.
func (t *turns) next() {
	for t.waiting > 0 && t.running < t.most() {
		q := t.ring[0]
		t.ring = t.ring[1:]
		if len(q.waiting) == 0 { // who waited gave up
			delete(t.queues, q.who)
			continue
		}
		ready := q.waiting[0]
		if q.waiting = q.waiting[1:]; len(q.waiting) > 0 {
			t.ring = append(t.ring, q)
		} else {
			delete(t.queues, q.who)
		}
		t.waiting--
		t.running++
		close(ready)
	}
}
