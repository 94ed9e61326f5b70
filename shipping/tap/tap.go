package tap

import (
	"context"
	"errors"
	"sort"
	"sync"
	"time"

	"auditlog/audit"
	"auditlog/backoff"
	"auditlog/store/block"
)

const (
	// atOnce is how many entries are read at once, pause how long is waited after each
	// wake until then: what is recorded meanwhile comes along.
	atOnce = 2000
	pause  = 20 * time.Millisecond
	// idle is for how long nobody uses the tap until it no longer reads.
	idle = 2 * time.Second
	// weight is what an entry takes in memory beside its texts.
	weight = 512
)

// SizeOf returns how many bytes an entry takes in memory, about.
func SizeOf(e *audit.Entry) int { return weight + block.SizeOf(e) }

// Log is what a tap has of the log.
type Log interface {
	LastID() int64
	Wait(ctx context.Context, after int64) error
	After(ctx context.Context, id int64, limit int) (entries []*audit.Entry, through int64, err error)
}

// Tap holds the newest entries of a log. It is a follow.Follower, whose loop belongs to who made it;
// its other methods may be called by several goroutines at once.
type Tap struct {
	log  Log
	most int // bytes of the entries that it holds
	kick chan struct{}

	mu     sync.Mutex // guards what follows
	awake  bool
	used   time.Time // when somebody had something of it last
	last   int64     // the id up to which it has read
	chunks []chunk   // the oldest first; each begins where the one before ends
	bytes  int
	// waiting are those who wait, by the project; of all by "".
	waiting map[string]map[chan struct{}]bool
}

// chunk is what was read at once: all entries with ids above from, up to through.
type chunk struct {
	from, through int64
	entries       []*audit.Entry
	of            map[string][]*audit.Entry // by project, made when asked for
	bytes         int
}

// New returns a tap of a log, which holds so many bytes of entries at most.
func New(log Log, most int) *Tap {
	return &Tap{log: log, most: most, kick: make(chan struct{}, 1), waiting: make(map[string]map[chan struct{}]bool)}
}

// Listen returns a channel on which is told that the log may hold another entry of a project, or
// of all where it is empty, from now on; and what ends that.
func (t *Tap) Listen(project string) (told <-chan struct{}, forget func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.awake {
		t.awake, t.last, t.chunks, t.bytes = true, t.log.LastID(), nil, 0
		select {
		case t.kick <- struct{}{}:
		default:
		}
	}
	t.used = time.Now()
	ch := make(chan struct{}, 1)
	if t.waiting[project] == nil {
		t.waiting[project] = make(map[chan struct{}]bool)
	}
	t.waiting[project][ch] = true
	return ch, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if delete(t.waiting[project], ch); len(t.waiting[project]) == 0 {
			delete(t.waiting, project)
		}
	}
}

// Next returns entries behind a number, of a project or of all, if they are here: those that
// follow it, and the number up to which they are all: what is missing among these was purged.
func (t *Tap) Next(project string, at int64) (entries []*audit.Entry, to int64, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.awake {
		return nil, 0, false
	}
	t.used = time.Now()
	if project == "" {
		return t.nextID(at)
	}
	for i := range t.chunks {
		entries = t.chunks[i].ofProject(project)
		if len(entries) == 0 || entries[len(entries)-1].Seq <= at {
			continue
		}
		entries = entries[sort.Search(len(entries), func(i int) bool { return entries[i].Seq > at }):]
		// A gap was purged, or is of before: who reads the log knows.
		n := 0
		for n < len(entries) && entries[n].Seq == at+int64(n)+1 {
			n++
		}
		if n == 0 {
			return nil, 0, false
		}
		return entries[:n], at + int64(n), true
	}
	return nil, 0, false
}

func (t *Tap) nextID(at int64) (entries []*audit.Entry, to int64, ok bool) {
	i := sort.Search(len(t.chunks), func(i int) bool { return t.chunks[i].through > at })
	if i == len(t.chunks) || t.chunks[i].from > at {
		return nil, 0, false
	}
	c := &t.chunks[i]
	entries = c.entries[sort.Search(len(c.entries), func(i int) bool { return c.entries[i].ID > at }):]
	return entries, c.through, true
}

func (c *chunk) ofProject(project string) []*audit.Entry {
	if c.of == nil {
		c.of = make(map[string][]*audit.Entry)
		for _, e := range c.entries {
			c.of[e.Project] = append(c.of[e.Project], e)
		}
	}
	return c.of[project]
}

// Step reads what comes next.
func (t *Tap) Step(ctx context.Context) (more bool, err error) {
	t.mu.Lock()
	last, awake := t.last, t.awake
	t.mu.Unlock()
	if !awake {
		return false, nil
	}
	entries, through, err := t.log.After(ctx, last, atOnce)
	if err != nil || through == last {
		return false, err
	}
	t.add(chunk{from: last, through: through, entries: entries})
	return through < t.log.LastID(), nil
}

// add takes in what was read, drops the oldest of what there is too much of, and tells those
// who wait.
func (t *Tap) add(c chunk) {
	for _, e := range c.entries {
		c.bytes += SizeOf(e)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = c.through
	t.chunks, t.bytes = append(t.chunks, c), t.bytes+c.bytes
	for len(t.chunks) > 1 && t.bytes > t.most {
		t.bytes -= t.chunks[0].bytes
		t.chunks[0] = chunk{} // the entries are not held by what is left of the array
		t.chunks = t.chunks[1:]
	}
	t.tell("")
	for project := range t.waiting {
		if project != "" && len(t.chunks[len(t.chunks)-1].ofProject(project)) > 0 {
			t.tell(project)
		}
	}
}

// tell wakes those who wait for a project. The caller holds mu.
func (t *Tap) tell(project string) {
	for ch := range t.waiting[project] {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

// Wait waits until there is something to read, for as long as anybody has use for it.
func (t *Tap) Wait(ctx context.Context) error {
	for {
		last, ok := t.needed()
		if !ok {
			select {
			case <-t.kick:
				continue
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		until, cancel := context.WithTimeout(ctx, idle)
		err := t.log.Wait(until, last)
		cancel()
		switch {
		case err == nil:
			return backoff.Sleep(ctx, pause)
		case ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded):
			return err
		}
	}
}

// Drop lets go of all entries. Those who want them read them from the log, if they are there.
func (t *Tap) Drop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.chunks, t.bytes = nil, 0
}

// needed returns where the tap is, or falls asleep, and lets go of its entries, if nobody has
// used it for a while.
func (t *Tap) needed() (last int64, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.awake && len(t.waiting) == 0 && time.Since(t.used) >= idle {
		t.awake, t.chunks, t.bytes = false, nil, 0
	}
	return t.last, t.awake
}
