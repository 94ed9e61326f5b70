package admit

import (
	"container/list"
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"auditlog/audit"
)

// Class says what a call is for. What is refused first comes first.
type Class int

// The classes.
const (
	Read Class = iota
	Record
	Administration
	classes
)

// String returns the class as metrics name it.
func (c Class) String() string { return [classes]string{"read", "record", "administration"}[c] }

const (
	// greed is how many times as much as what would be left free a token may hold.
	greed = 4
	// callWeight is what every call weighs: its connection, its stacks and first buffers.
	callWeight = 32 << 10
	// recently is how long after recording reads leave half of the processors alone.
	recently = time.Second
	// maxWaiters bounds the calls that wait for memory at once, each of which is woken
	// whenever some is given back.
	maxWaiters = 64
)

// Options configure a Door. The zero value is usable.
type Options struct {
	// Memory is how many bytes all calls may hold together. Default 128 MiB.
	Memory int64
	// Processors is how many there are. Default runtime.GOMAXPROCS(0).
	Processors int
	// Deadline is how long a read may take, waiting included. Default 30 s. An export, of
	// which every part counts by itself, may take any number of them.
	Deadline time.Duration
	// Patience is how long a call waits for memory. Default 5 s.
	Patience time.Duration
	// Turn is how long a read computes until others go first. Default 5 ms.
	Turn time.Duration
}

func (o *Options) setDefaults() {
	if o.Memory == 0 {
		o.Memory = 128 << 20
	}
	if o.Processors == 0 {
		o.Processors = runtime.GOMAXPROCS(0)
	}
	if o.Deadline == 0 {
		o.Deadline = 30 * time.Second
	}
	if o.Patience == 0 {
		o.Patience = 5 * time.Second
	}
	if o.Turn == 0 {
		o.Turn = 5 * time.Millisecond
	}
}

// Door is where calls come in. Its methods may be called by several goroutines at once. A nil
// Door lets everybody in.
type Door struct {
	opts     Options
	ceilings [classes]int64 // of what is held in all, up to which a class may take
	reads    turns
	records  turns        // of large bodies that are decoded
	recorded atomic.Int64 // when something was recorded last, in nanoseconds

	mu      sync.Mutex // guards what follows
	used    int64
	held    map[string]int64 // by token
	holders list.List        // of *Call that record and hold more than a call does, the first at the front
	freed   chan struct{}    // closed when memory is given back; nil when nobody waits
	waiters int
	// first is who waits although it holds something, by token. Until it has what it
	// waits for, nobody else of the token gets more.
	first   map[string]*Call
	refused [classes]int64
}

// New returns a Door.
func New(opts Options) *Door {
	opts.setDefaults()
	d := &Door{opts: opts, held: make(map[string]int64), first: make(map[string]*Call)}
	d.ceilings = [classes]int64{opts.Memory / 2, opts.Memory - opts.Memory/16, opts.Memory}
	d.reads.init(d)
	d.reads.yields = true
	d.records.init(d)
	d.records.each = max(opts.Processors/2, 1)
	return d
}

// Call is one call that was let in. Its methods may be called by several goroutines at once. A
// nil Call may take anything.
type Call struct {
	door  *Door
	class Class
	who   string

	// What follows is guarded by door.mu.
	weight int64
	holds  *list.Element // in door.holders; nil if it is not there
}

// Enter lets a call of somebody in, who is named by the token, or returns an Unavailable Fault.
func (d *Door) Enter(ctx context.Context, class Class, who string) (*Call, error) {
	if d == nil {
		return nil, nil
	}
	if class == Record {
		d.recorded.Store(time.Now().UnixNano())
	}
	c := &Call{door: d, class: class, who: who}
	if err := c.Take(ctx, callWeight); err != nil {
		return nil, err
	}
	return c, nil
}

// Leave gives back what the call holds.
func (c *Call) Leave() {
	if c == nil {
		return
	}
	d := c.door
	d.mu.Lock()
	defer d.mu.Unlock()
	d.give(c, c.weight)
	if c.holds != nil {
		d.holders.Remove(c.holds)
		c.holds = nil
	}
}

// Take has the call hold n bytes more, or returns an Unavailable Fault, TooLarge where it could
// not if there were no other call: that is not worth another try. It may wait for
// others to give something back; see the package's comment on who does.
func (c *Call) Take(ctx context.Context, n int) error {
	if c == nil || n <= 0 {
		return nil
	}
	d := c.door
	d.mu.Lock()
	if d.take(c, int64(n)) {
		d.mu.Unlock()
		return nil
	}
	d.mu.Unlock()
	return c.wait(ctx, int64(n))
}

// Give gives n bytes back that the call holds.
func (c *Call) Give(n int) {
	if c == nil || n <= 0 {
		return
	}
	c.door.mu.Lock()
	defer c.door.mu.Unlock()
	c.door.give(c, min(int64(n), c.weight))
}

// take adds n bytes to what c holds if there is room. The caller holds mu.
func (d *Door) take(c *Call, n int64) bool {
	left := d.ceilings[c.class] - d.used - n
	if left < 0 || c.class != Administration && d.held[c.who]+n > greed*left {
		return false
	}
	if f := d.first[c.who]; f != nil && f != c && c.class == Record && c.weight+n > 2*callWeight {
		return false
	}
	d.used += n
	d.held[c.who] += n
	c.weight += n
	if c.class == Record && c.holds == nil && c.weight > 2*callWeight {
		c.holds = d.holders.PushBack(c)
	}
	return true
}

// give gives n bytes of c's back. The caller holds mu.
func (d *Door) give(c *Call, n int64) {
	c.weight -= n
	d.used -= n
	if d.held[c.who] -= n; d.held[c.who] == 0 {
		delete(d.held, c.who)
	}
	if d.freed != nil {
		close(d.freed)
		d.freed = nil
	}
}

// wait is Take where there is no room.
func (c *Call) wait(ctx context.Context, n int64) error {
	d := c.door
	timer := time.NewTimer(d.opts.Patience)
	defer timer.Stop()
	d.mu.Lock()
	defer d.mu.Unlock()
	defer func() {
		if d.first[c.who] == c {
			delete(d.first, c.who)
		}
	}()
	for !d.take(c, n) {
		if !d.worthIt(c, n) {
			d.refused[c.class]++
			return d.refusal(c, n)
		}
		if c.holds != nil {
			d.first[c.who] = c
		}
		if d.freed == nil {
			d.freed = make(chan struct{})
		}
		if err := d.await(ctx, timer.C); err != nil {
			d.refused[c.class]++
			if err == errFull {
				err = d.refusal(c, n)
			}
			return err
		}
	}
	return nil
}

// errFull says that a call has waited long enough.
var errFull = audit.Errorf(audit.Unavailable, "nothing was given back in time")

// await waits until something is given back. The caller holds mu, which is not held meanwhile.
func (d *Door) await(ctx context.Context, over <-chan time.Time) error {
	freed := d.freed
	d.waiters++
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		d.waiters--
	}()
	select {
	case <-freed:
		return nil
	case <-ctx.Done():
		return ended(ctx)
	case <-over:
		return errFull
	}
}

// worthIt reports whether c may wait for n bytes: whether there could be so many, and nobody
// can wait for c in turn. The caller holds mu.
func (d *Door) worthIt(c *Call, n int64) bool {
	switch {
	case d.never(c, n), d.waiters >= maxWaiters:
		return false
	case c.weight == 0, c.class == Record && c.weight <= callWeight:
		return true
	}
	return c.holds != nil && d.isFirst(c)
}

// isFirst reports whether c is the first call of its token that records and holds something.
// The caller holds mu.
func (d *Door) isFirst(c *Call) bool {
	for e := d.holders.Front(); e != c.holds; e = e.Next() {
		if e.Value.(*Call).who == c.who {
			return false
		}
	}
	return true
}

// refusal says that there is no room, and what to do about it. The caller holds mu.
func (d *Door) refusal(c *Call, n int64) error {
	if d.never(c, n) {
		return audit.Errorf(audit.TooLarge, "the log has not the memory for a call of this size: make it several smaller ones")
	}
	return audit.Errorf(audit.Unavailable, "the log has no memory left for this call: try again later, or ask for less at once")
}

// never reports whether c could not hold n bytes more if there were nobody else. The caller
// holds mu.
func (d *Door) never(c *Call, n int64) bool {
	all := c.weight + n
	if c.class == Administration {
		return all > d.ceilings[c.class]
	}
	return all > greed*(d.ceilings[c.class]-all)
}

// State tells how a Door is.
type State struct {
	// Memory is what calls may hold, Used what they do.
	Memory, Used int64
	// Refused counts the calls that were, by class, for want of memory; Late the reads
	// that did not get their turn in time.
	Refused [3]int64
	Late    int64
	// Waiting counts the reads that wait for their turn.
	Waiting int
}

// State returns the present one.
func (d *Door) State() State {
	if d == nil {
		return State{}
	}
	late, waiting := d.reads.state()
	d.mu.Lock()
	defer d.mu.Unlock()
	return State{Memory: d.opts.Memory, Used: d.used, Refused: d.refused, Late: late, Waiting: waiting}
}
